# level: boundary
# category: output
# escape proof: a field of the log breaks the host
# control: none, because the host's decoder is no layer that can be taken away

import msgspec

pack = msgspec.msgpack.encode
for fields in (
    b'{"a":1e999}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"\\u0000":"\\u0000"}',
    b'{"a":1,"a":2}',
    b'{"a":"\\ud800"}',
):
    SEND_RAW(pack(["log", "\x1b[31merror", "\x1b]0;owned\x07\r\nREPORT", fields]))
