# level: boundary
# category: network
# escape proof: canary listener accepts a connection

import urllib.request

urllib.request.urlopen(f"http://127.0.0.1:{CTX['port']}/", timeout=0.2)
