# level: boundary
# category: output
# escape proof: host buffers more than the frame cap
# control: none, because the cap on frames is no layer that can be taken away

SEND_RAW(b"x" * (200 << 20))
