# level: boundary
# category: threads
# escape proof: a thread starts

import threading

thread = threading.Thread(target=REPORT, args=("from a thread",))
thread.start()
thread.join()
