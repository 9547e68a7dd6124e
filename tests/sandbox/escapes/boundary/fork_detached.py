# level: boundary
# category: fork
# escape proof: a process outlives its run

import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(30)
    os._exit(0)
os._exit(0)
