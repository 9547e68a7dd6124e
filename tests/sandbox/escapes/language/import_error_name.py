# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    import os.nothing
except ImportError as e:
    leak = e.__traceback__
