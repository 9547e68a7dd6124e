# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import nullcontext

with nullcontext(1) as _getattr_:
    leak = 1
