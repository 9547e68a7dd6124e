# level: language
# category: ctypes
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import ctypes
leak = ctypes.cast(id(1), ctypes.py_object)
