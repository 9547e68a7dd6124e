# level: boundary
# category: network
# escape proof: netlink socket is created

import socket

socket.socket(16, socket.SOCK_RAW, 0); REPORT("netlink")
