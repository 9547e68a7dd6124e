# level: boundary
# category: decompression
# escape proof: child grows beyond cap

import zlib

small = zlib.compress(bytes(4 << 20), 9)
kept = [zlib.decompress(small, bufsize=4 << 20) for _ in range(180)]
REPORT(len(kept))
