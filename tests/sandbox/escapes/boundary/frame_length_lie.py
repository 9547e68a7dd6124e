# level: boundary
# category: output
# escape proof: host hangs or allocates 4 GiB
# control: none, because the cap on frames is no layer that can be taken away
# wall: 0.5

import os
import time

os.write(CTX["chan"], b"\xff\xff\xff\xff"); time.sleep(10**6)
