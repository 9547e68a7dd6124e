# level: boundary
# category: exec
# escape proof: the file at $ESCAPE_PROOF exists after the run

import os

os.execv("/usr/bin/touch", ["touch", CTX["proof"]])
