# level: boundary
# category: protocol
# escape proof: a wait that is no number breaks the host
# control: none, because the host's decoder is no layer that can be taken away

import struct

SEND_RAW(b"\x98\xa5ended\xa9exception\xacrate_limited\xc0\xc0\xc3\xcb" + struct.pack(">d", float("nan")) + b"\xc0")
