# level: boundary
# category: output
# escape proof: a URL is kept several times over
# control: none, because the host's decoder is no layer that can be taken away

import msgspec

pack = msgspec.msgpack.encode
SEND_RAW(pack(["http", "GET", "https://\U0001f600/" + "x" * ((8 << 20) - 200), [], [], None]))
