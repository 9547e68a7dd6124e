# level: boundary
# category: ipc
# escape proof: an anonymous file is created

import os

fd = os.memfd_create("escape")
REPORT(f"memfd {fd}")
