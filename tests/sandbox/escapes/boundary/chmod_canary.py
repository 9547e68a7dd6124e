# level: boundary
# category: file-write
# escape proof: the mode of the canary file changes

import os

os.chmod(CTX["canary_file"], 0o600)
REPORT("changed")
