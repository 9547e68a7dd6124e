# level: boundary
# category: exec
# escape proof: the file at $ESCAPE_PROOF exists after the run

import pty

pty.spawn(["/usr/bin/touch", CTX["proof"]])
