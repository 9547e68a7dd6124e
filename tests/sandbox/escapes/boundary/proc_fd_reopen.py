# level: boundary
# category: fd-theft
# escape proof: a descriptor of the host is opened through /proc

import os

fd = os.open(f"/proc/{CTX['hostpid']}/fd/{CTX['canary_fd']}", os.O_RDONLY)
REPORT(os.read(fd, 6))
