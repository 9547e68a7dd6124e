# level: boundary
# category: fd-theft
# escape proof: the child holds a descriptor besides the channel and three of /dev/null
# control: none, because every descriptor is closed before any layer

import os

for fd in range(4096):
    try:
        found = os.fstat(fd)
    except OSError:
        continue
    if fd != CTX["chan"] and (fd > 2 or found.st_rdev != os.makedev(1, 3)):
        REPORT((fd, found.st_mode))
