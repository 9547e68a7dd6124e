"""Category: exception-leak. Escape proof: `leak` is bound to something that is not None."""

try:
    nope
except NameError as e:
    leak = e.__context__ or e.__traceback__
