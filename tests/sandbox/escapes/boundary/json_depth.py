# level: boundary
# category: json-depth
# escape proof: child process crashes the host decoder
# control: none, because the host's decoder is no layer that can be taken away: it refuses at every level

import json

SEND_RAW(b"[" * 200000 + b"]" * 200000)
