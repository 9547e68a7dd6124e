# level: boundary
# category: proc
# escape proof: the child opens the trigger of the kernel
# control: none, because kernels may be built without it

import os

REPORT(os.open("/proc/sysrq-trigger", os.O_WRONLY))
