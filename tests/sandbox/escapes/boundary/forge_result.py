# level: boundary
# category: protocol
# escape proof: host accepts a result for another run id
# control: none, because the host's decoder is no layer that can be taken away, and frames name no run

SEND_RAW(b'{"op":"emit","run":"other-run","records":[{"x":1}]}')
