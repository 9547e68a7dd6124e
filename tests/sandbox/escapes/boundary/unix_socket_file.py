# level: boundary
# category: file-write
# escape proof: the file at $ESCAPE_PROOF exists after the run

import os
import socket

socket.socket(socket.AF_UNIX).bind(os.environ["ESCAPE_PROOF"])
