# level: boundary
# category: privilege
# escape proof: the name of the host is changed
# root only: only root may

import socket

socket.sethostname("escaped")
REPORT("renamed")
