# level: boundary
# category: file-read
# escape proof: the child reports a stat result (existence oracle)

import os

REPORT(os.stat("/etc/passwd").st_size)
