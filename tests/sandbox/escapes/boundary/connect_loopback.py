# level: boundary
# category: network
# escape proof: canary listener accepts a connection

import socket

socket.create_connection(("127.0.0.1", CTX["port"]), 2).sendall(b"escaped")
