# level: boundary
# category: memory
# escape proof: allocation beyond cap succeeds

import mmap

m = mmap.mmap(-1, 1 << 30)
m[::4096] = b"x" * (len(m) // 4096)
REPORT("mapped and touched 1 GiB")
