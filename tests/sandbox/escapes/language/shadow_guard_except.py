# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    1 / 0
except ZeroDivisionError as _write_:
    leak = 1
