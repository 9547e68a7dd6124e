# level: boundary
# category: proc
# escape proof: the child lists the processes of the machine

import os

REPORT([name for name in os.listdir("/proc") if name.isdigit()])
