# level: boundary
# category: tty
# escape proof: the controlling terminal is opened
# control: none, because the tests have no terminal that a child could inherit

import os

os.write(os.open("/dev/tty", os.O_RDWR), b"escaped")
REPORT("written")
