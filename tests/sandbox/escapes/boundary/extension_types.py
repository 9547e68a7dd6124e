# level: boundary
# category: protocol
# escape proof: the decoder of the host makes of an extension what it likes
# control: none, because the host's decoder is no layer that can be taken away

for odd in (
    b"\xd6\xff\0\0\0\0",
    b"\xc7\x0c\xff" + b"\xff" * 12,
    b"\xd4\x01\0",
    b"\xc9\xff\xff\xff\xff\x05",
    b"\xd7\xff" + b"\xff" * 8,
    b"\xc8\xff\xff\x7f",
):
    SEND_RAW(b"\x94\xa3log\xa4info" + odd + b"\xc4\x02{}")
