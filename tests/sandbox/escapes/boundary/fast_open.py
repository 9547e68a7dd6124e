# level: boundary
# category: network
# escape proof: data leave with the first packet of a connection

import socket

one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
one.sendto(b"x", 0x20000000, ("127.0.0.1", CTX["port"]))
REPORT("sent")
