# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    raise SystemExit(1)
except BaseException as e:
    leak = e
