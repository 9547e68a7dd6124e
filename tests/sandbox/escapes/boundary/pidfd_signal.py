# level: boundary
# category: signal
# escape proof: host receives SIGUSR1

import os
import signal

signal.pidfd_send_signal(os.pidfd_open(CTX["hostpid"]), signal.SIGUSR1)
REPORT("signalled")
