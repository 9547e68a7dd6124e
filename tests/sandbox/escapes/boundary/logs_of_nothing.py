# level: boundary
# category: output
# escape proof: empty lines hold the host for as long as the run may last
# wall: 2
# control: none, because the host's decoder is no layer that can be taken away

import os

import msgspec

pack = msgspec.msgpack.encode

one = pack(["log", "info", "", b"{}"])
many = (len(one).to_bytes(4, "big") + one) * 8_000
while True:
    os.write(CTX["chan"], many)
