# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = getattr((), "__ｃlass__") if hasattr((), "__ｃlass__") else ().__ｃlass__
