# level: boundary
# category: protocol
# escape proof: the host runs what a child sends as a call
# control: none, because the host's decoder is no layer that can be taken away

import msgspec

SEND_RAW(msgspec.msgpack.encode(["start", "poll", "evil", "connector", {"evil/__init__.py": b"1"}]))
