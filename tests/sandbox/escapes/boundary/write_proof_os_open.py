# level: boundary
# category: file-write
# escape proof: the file at $ESCAPE_PROOF exists after the run

import os

fd = os.open(CTX["proof"], os.O_CREAT | os.O_WRONLY, 0o600); os.write(fd, b"x")
