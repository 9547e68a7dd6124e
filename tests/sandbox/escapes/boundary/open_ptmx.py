# level: boundary
# category: tty
# escape proof: a terminal is made

import os

REPORT(os.openpty())
