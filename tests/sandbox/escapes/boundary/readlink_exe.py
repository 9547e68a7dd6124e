# level: boundary
# category: file-read
# escape proof: the child learns where the interpreter lies

import os

REPORT(os.readlink("/proc/self/exe"))
