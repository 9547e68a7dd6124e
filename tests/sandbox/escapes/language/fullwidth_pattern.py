# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

match int:
    case object(__ｃlass__=found):
        leak = found
