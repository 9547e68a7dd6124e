# level: boundary
# category: file-read
# escape proof: the child learns that a file exists

import os

if os.access("/etc/passwd", os.F_OK) or os.path.exists("/etc/passwd"):
    REPORT("it is there")
