# level: boundary
# category: ctypes
# escape proof: executable anonymous memory is mapped

import mmap

m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC); REPORT("rwx")
