# level: boundary
# category: file-write
# escape proof: a file without a name is made and written

import os

fd = os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)
os.write(fd, b"escaped")
REPORT(os.pread(fd, 7, 0))
