# level: boundary
# category: file-write
# escape proof: a file named after $ESCAPE_PROOF exists under /dev/shm

import os

open("/dev/shm/" + os.path.basename(CTX["proof"]), "w").write("x")
