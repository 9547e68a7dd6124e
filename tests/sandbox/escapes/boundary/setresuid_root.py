# level: boundary
# category: privilege
# escape proof: uid becomes 0
# root only: only root is root

import os

os.setresgid(0, 0, 0)
os.setresuid(0, 0, 0)
REPORT("root")
