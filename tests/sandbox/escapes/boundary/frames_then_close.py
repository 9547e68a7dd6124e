# level: boundary
# category: output
# escape proof: the host waits for a channel that is closed
# control: none, because the host sees the end of the channel whatever the layers
# wall: 0.5

import os
import time

os.close(CTX["chan"])
time.sleep(60)
