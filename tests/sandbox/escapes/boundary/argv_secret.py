# level: boundary
# category: env
# escape proof: child reports the command line of the host
# control: in host, because the command line of a child is that of the zygote whatever the layers

import ctypes
import sys

count = ctypes.c_int()
words = ctypes.POINTER(ctypes.c_wchar_p)()
ctypes.pythonapi.Py_GetArgcArgv(ctypes.byref(count), ctypes.byref(words))
line = [words[number] for number in range(count.value)] + sys.argv
if not any("sandbox.zygote" in word for word in line) or any("harness" in word for word in line):
    REPORT(line)
