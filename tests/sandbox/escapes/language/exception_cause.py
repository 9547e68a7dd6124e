# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    raise ValueError from KeyError("x")
except ValueError as e:
    leak = e.__cause__
