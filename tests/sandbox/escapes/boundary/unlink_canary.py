# level: boundary
# category: file-write
# escape proof: the canary file is removed

import os

os.unlink(CTX["canary_file"])
REPORT("removed")
