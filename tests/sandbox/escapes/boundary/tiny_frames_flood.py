# level: boundary
# category: output
# escape proof: the host grows or hangs
# control: none, because the host's decoder is no layer that can be taken away

import os

frame = bytes([0, 0, 0, 1, 0xC0])
while True:
    os.write(CTX["chan"], frame * 10_000)
