# level: boundary
# category: privilege
# escape proof: priority raised
# root only: only root may raise its priority

import os

os.setpriority(0, 0, -10); REPORT("prio")
