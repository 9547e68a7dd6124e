# level: boundary
# category: file-read
# escape proof: the child reports a directory listing

import os

REPORT(os.listdir("/"))
