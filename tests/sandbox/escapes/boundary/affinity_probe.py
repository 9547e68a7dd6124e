# level: boundary
# category: privilege
# escape proof: the child learns how many processors there are

import os

os.sched_setaffinity(0, {0})
REPORT("pinned")
