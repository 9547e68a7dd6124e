# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

match secrets:
    case object(_values=v):
        leak = v
