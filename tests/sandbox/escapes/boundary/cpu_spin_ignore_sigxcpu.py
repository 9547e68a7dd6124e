# level: boundary
# category: cpu
# escape proof: child runs past CPU/wall limit

import signal

signal.signal(signal.SIGXCPU, signal.SIG_IGN)
while True: pass
