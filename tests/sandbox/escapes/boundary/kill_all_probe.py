# level: boundary
# category: signal
# escape proof: every process is probed

import os

for pid in range(2, CTX["hostpid"] + 1):
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        continue
    if pid != os.getpid():
        REPORT(pid)
        break
