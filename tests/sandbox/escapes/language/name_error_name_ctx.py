# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    nope
except NameError as e:
    leak = e.__context__ or e.__traceback__
