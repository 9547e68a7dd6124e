# level: boundary
# category: cpu
# escape proof: child outlives its wall limit by waiting for an answer
# wall: 0.5

import os

while True:
    os.read(CTX["chan"], 1)
