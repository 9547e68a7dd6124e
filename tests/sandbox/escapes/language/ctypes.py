"""Category: ctypes. Escape proof: `leak` is bound to something that is not None."""

import ctypes
leak = ctypes.CDLL(None)
