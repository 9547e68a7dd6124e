# level: boundary
# category: cpu
# escape proof: processor time between two ticks is not counted
# cpu: 0.4

import time

while True:
    until = time.perf_counter() + 0.0009
    while time.perf_counter() < until:
        pass
    time.sleep(0.000_01)
