# level: boundary
# category: json-depth
# escape proof: the decoder of the host crashes on JSON inside a frame
# control: none, because the host's decoder is no layer that can be taken away

import msgspec

SEND_RAW(msgspec.msgpack.encode(["save", "default", b'{"a":' * 50_000 + b"1" + b"}" * 50_000]))
