# level: boundary
# category: tty
# escape proof: terminal injection possible
# control: none, because the tests have no terminal that a child could inherit

import fcntl

fcntl.ioctl(0, 0x5412, b"x"); REPORT("tiocsti")
