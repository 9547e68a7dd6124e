# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

T = type(type(1))
leak = T("X", (), {})
