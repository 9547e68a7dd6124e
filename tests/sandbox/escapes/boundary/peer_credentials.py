# level: boundary
# category: network
# escape proof: the kernel tells who the host is

import socket
import struct

channel = socket.socket(fileno=CTX["chan"])
pid, uid, gid = struct.unpack("3i", channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
REPORT((pid, uid, gid))
