# level: boundary
# category: file-write
# escape proof: the file at $ESCAPE_PROOF exists after the run

import os

os.mkfifo(CTX["proof"])
