# level: language
# category: ctypes
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import ctypes
leak = ctypes.CDLL(None)
