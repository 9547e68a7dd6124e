# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

match 1:
    case int(__class__=c):
        leak = c
