# level: boundary
# category: privilege
# escape proof: the child enters namespaces of the host
# root only: only root may enter

import os

fd = os.open(f"/proc/{CTX['hostpid']}/ns/net", os.O_RDONLY)
import ctypes

if ctypes.CDLL(None).setns(fd, 0) == 0:
    REPORT("in the network of the host")
