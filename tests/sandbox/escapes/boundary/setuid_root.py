# level: boundary
# category: privilege
# escape proof: uid becomes 0
# root only: only root is root

import os

os.setuid(0)
if os.getuid() == 0: REPORT("root")
