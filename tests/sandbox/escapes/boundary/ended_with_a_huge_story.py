# level: boundary
# category: output
# escape proof: the host keeps what it is told of an error
# control: none, because the host's decoder is no layer that can be taken away

import msgspec

pack = msgspec.msgpack.encode
story = "\U0001f600" + "x" * (4 << 20)
SEND_RAW(pack(["ended", "exception", "c" * 4096, story, story[: 3 << 20], True, float("inf"), None]))
