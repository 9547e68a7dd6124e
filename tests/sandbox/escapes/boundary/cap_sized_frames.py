# level: boundary
# category: output
# escape proof: the host grows by more than the cap
# control: none, because the host's decoder is no layer that can be taken away

import os

body = b"\xc4" * ((8 << 20) - 1)
for _ in range(6):
    SEND_RAW(body)
