# level: boundary
# category: file-write
# escape proof: the canary file is emptied

import os

os.truncate(CTX["canary_file"], 0)
REPORT("emptied")
