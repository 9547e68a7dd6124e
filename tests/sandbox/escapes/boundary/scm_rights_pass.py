# level: boundary
# category: fd-theft
# escape proof: a descriptor is sent over the channel

import array
import socket

import msgspec

body = msgspec.msgpack.encode(["log", "info", "REPORT a descriptor came along", b"{}"])
frame = len(body).to_bytes(4, "big") + body
channel = socket.socket(fileno=CTX["chan"])
channel.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))])
