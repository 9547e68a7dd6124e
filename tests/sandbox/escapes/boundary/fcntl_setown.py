# level: boundary
# category: signal
# escape proof: the kernel is asked to signal the host

import fcntl
import os
import signal

fcntl.fcntl(CTX["chan"], fcntl.F_SETOWN, CTX["hostpid"])
REPORT(fcntl.fcntl(CTX["chan"], fcntl.F_GETOWN))
