# level: boundary
# category: protocol
# escape proof: the host takes a frame that does not exist
# control: none, because the host's decoder is no layer that can be taken away

import msgspec

SEND_RAW(msgspec.msgpack.encode(["exec", "import os"]))
