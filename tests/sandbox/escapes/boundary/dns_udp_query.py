# level: boundary
# category: dns
# escape proof: a datagram is sent to a resolver

import socket

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", CTX["port"]))
s.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\7escaped\4test\0\0\1\0\1")
REPORT("asked")
