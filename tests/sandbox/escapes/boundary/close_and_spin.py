# level: boundary
# category: cpu
# escape proof: a child without a channel goes on
# control: none, because the host sees the end of the channel whatever the layers
# cpu: 1.0

import os

os.close(CTX["chan"])
while True:
    pass
