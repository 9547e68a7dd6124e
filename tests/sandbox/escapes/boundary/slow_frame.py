# level: boundary
# category: output
# escape proof: the host waits for the rest of a frame
# wall: 0.5

import os
import time

os.write(CTX["chan"], b"\0\0\1\0")
for _ in range(256):
    os.write(CTX["chan"], b"x")
    time.sleep(10)
