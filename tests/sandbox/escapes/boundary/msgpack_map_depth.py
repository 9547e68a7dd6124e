# level: boundary
# category: json-depth
# escape proof: the decoder of the host crashes
# control: none, because the host's decoder is no layer that can be taken away

SEND_RAW(b"\x92\xa3log" + b"\x81\xa1a" * 200_000 + b"\xc0")
