# level: boundary
# category: file-read
# escape proof: the child reports file content
# root only: only root may read it

import os

REPORT(os.read(os.open("/etc/shadow", os.O_RDONLY), 20))
