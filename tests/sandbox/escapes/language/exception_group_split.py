# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    raise ExceptionGroup("g", [ValueError(1)])
except* ValueError as g:
    leak = g.exceptions
