# level: boundary
# category: network
# escape proof: canary UDP socket receives a datagram

import socket

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"escaped", ("127.0.0.1", CTX["port"])); REPORT("sent")
