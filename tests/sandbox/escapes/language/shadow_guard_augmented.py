# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

_write_ = 1
_write_ += 1
leak = _write_
