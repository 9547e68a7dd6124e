# level: boundary
# category: proc
# escape proof: the child looks through the root of the host

import os

REPORT(os.listdir(f"/proc/{CTX['hostpid']}/root"))
