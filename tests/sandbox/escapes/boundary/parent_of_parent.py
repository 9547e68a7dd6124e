# level: boundary
# category: proc
# escape proof: the child learns who its ancestors are

import os

with open(f"/proc/{os.getppid() or CTX['hostpid']}/status") as told:
    REPORT(told.read(40))
