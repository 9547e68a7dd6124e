# level: boundary
# category: dns
# escape proof: name resolves

import socket

REPORT(socket.gethostbyname("localhost"))
