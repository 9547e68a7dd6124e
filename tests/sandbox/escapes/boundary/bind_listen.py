# level: boundary
# category: network
# escape proof: listening socket is created

import socket

s = socket.socket(); s.bind(("0.0.0.0", 0)); s.listen(); REPORT("listening")
