# level: boundary
# category: fork
# escape proof: process is created

import os

pid = os.fork()
if pid == 0:
    os._exit(0)
REPORT("forked")
