# level: boundary
# category: output
# escape proof: a call that never ends fills the host
# control: none, because the host's decoder is no layer that can be taken away

import msgspec

pack = msgspec.msgpack.encode
record = [None, "k" * 4096, "s" * 4096, "t" * 4096, True, "f" * 4096, "m" * 10, "p" * 4096]
frame = pack(["emit", 1, False, "crime", "x", True, [record] * 400])
for _ in range(200):
    SEND_RAW(frame)
