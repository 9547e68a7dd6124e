# level: boundary
# category: json-depth
# escape proof: the decoder of the host allocates what a header claims
# control: none, because the host's decoder is no layer that can be taken away

SEND_RAW(b"\xdd\xff\xff\xff\xff\xa4emit")
