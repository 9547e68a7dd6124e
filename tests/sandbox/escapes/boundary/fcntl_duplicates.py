# level: boundary
# category: fd-theft
# escape proof: the channel is duplicated

import os

REPORT(os.dup(CTX["chan"]))
