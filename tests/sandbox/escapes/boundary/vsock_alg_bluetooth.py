# level: boundary
# category: network
# escape proof: a socket of a rare family is created

import socket

for family in (38, 40, 31, 44, 1, 10, 2):
    try:
        REPORT((family, socket.socket(family, socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_STREAM).fileno()))
    except OSError:
        continue
