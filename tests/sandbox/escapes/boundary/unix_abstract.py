# level: boundary
# category: network
# escape proof: canary abstract unix socket accepts

import socket

s = socket.socket(socket.AF_UNIX); s.connect(CTX["abstract"]); REPORT("connected")
