# level: language
# category: ctypes
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import _ctypes
leak = _ctypes.dlopen
