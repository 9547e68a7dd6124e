# level: boundary
# category: fd-theft
# escape proof: the child lists host fds

import os

REPORT(os.listdir(f"/proc/{CTX['hostpid']}/fd"))
