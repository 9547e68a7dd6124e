# level: boundary
# category: fork
# escape proof: processes are created

import os
import time

made = 0
for _ in range(24):
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
    made += 1
REPORT(made)
