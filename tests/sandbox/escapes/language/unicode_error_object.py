# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    b"\xff".decode()
except UnicodeDecodeError as e:
    leak = e.__class__.__mro__
