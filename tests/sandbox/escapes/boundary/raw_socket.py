# level: boundary
# category: network
# escape proof: a raw socket is created
# root only: only root may make one

import socket

socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
REPORT("raw")
