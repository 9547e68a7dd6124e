# level: boundary
# category: network
# escape proof: the channel is used as a socket

import socket

channel = socket.socket(fileno=CTX["chan"])
REPORT(channel.getpeername() or channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED))
