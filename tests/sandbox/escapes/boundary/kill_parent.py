# level: boundary
# category: signal
# escape proof: host receives SIGUSR1 / REPORT

import os
import signal

os.kill(CTX["hostpid"], signal.SIGUSR1); REPORT("signalled")
