# level: language
# category: ctypes
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because many builds of Python are without it

import _testcapi
leak = _testcapi
