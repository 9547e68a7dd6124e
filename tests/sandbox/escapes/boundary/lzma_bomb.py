# level: boundary
# category: decompression
# escape proof: child grows beyond cap
# cpu: 0.5

import lzma

small = lzma.compress(bytes(4 << 20), preset=0)
kept = [lzma.decompress(small) for _ in range(180)]
REPORT(len(kept))
