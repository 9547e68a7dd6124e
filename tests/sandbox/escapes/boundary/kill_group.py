# level: boundary
# category: signal
# escape proof: the group of the host is signalled

import os

os.killpg(os.getpgid(CTX["hostpid"]), 0)
REPORT("the group is there")
