# level: boundary
# category: privilege
# escape proof: the root directory is changed
# root only: only root may

import os

os.chroot(".")
REPORT("a root of its own")
