# level: boundary
# category: network
# escape proof: a packet socket is created
# root only: only root may make one

import socket

socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)
REPORT("packets")
