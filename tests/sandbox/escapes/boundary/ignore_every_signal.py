# level: boundary
# category: signal
# escape proof: the child ignores the kill at its wall clock
# wall: 0.5

import signal
import time

for number in range(1, signal.NSIG):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
while True:
    time.sleep(60)
