# level: boundary
# category: network
# escape proof: canary listener accepts a connection through an IPv6 socket
# control: none, because the machine may be without IPv6

import socket

s = socket.socket(socket.AF_INET6)
s.settimeout(1)
s.connect(("::ffff:127.0.0.1", CTX["port"]))
REPORT("connected")
