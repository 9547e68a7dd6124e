# level: boundary
# category: tty
# escape proof: a terminal becomes the controlling one
# control: none, because the tests have no terminal that a child could inherit

import fcntl
import os

for fd in range(4):
    try:
        fcntl.ioctl(fd, 0x540E, 1)
        REPORT(fd)
    except OSError:
        continue
REPORT(os.ttyname(0))
