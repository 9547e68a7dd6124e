# level: boundary
# category: output
# escape proof: bytes appear on the standard streams of the host

import os

os.write(os.open(f"/proc/{CTX['hostpid']}/fd/1", os.O_WRONLY), b"HOST-STDOUT-CORRUPTED\n")
