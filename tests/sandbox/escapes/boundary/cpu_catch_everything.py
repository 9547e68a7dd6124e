# level: boundary
# category: cpu
# escape proof: child runs past CPU/wall limit
# cpu: 0.3

import signal

for number in (signal.SIGXCPU, signal.SIGALRM, signal.SIGTERM, signal.SIGPROF):
    signal.signal(number, lambda *_: None)
while True:
    try:
        sum(range(10_000_000))
    except BaseException:
        continue
