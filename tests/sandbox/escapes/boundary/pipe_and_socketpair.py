# level: boundary
# category: ipc
# escape proof: the child makes a channel of its own

import os
import socket

try:
    REPORT(os.pipe())
except OSError:
    REPORT([end.fileno() for end in socket.socketpair()])
