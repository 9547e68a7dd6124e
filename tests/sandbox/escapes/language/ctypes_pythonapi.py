# level: language
# category: ctypes
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from ctypes import pythonapi
leak = pythonapi
