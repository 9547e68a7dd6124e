# level: boundary
# category: threads
# escape proof: 10 threads start

import _thread
import time

for i in range(10): _thread.start_new_thread(time.sleep, (1,))
REPORT("threads")
