# level: boundary
# category: exec
# escape proof: the file at $ESCAPE_PROOF exists after the run

import ctypes
import os

libc = ctypes.CDLL(None)
fd = os.open("/usr/bin/touch", os.O_RDONLY)
arguments = (ctypes.c_char_p * 3)(b"touch", CTX["proof"].encode(), None)
environment = (ctypes.c_char_p * 1)(None)
libc.syscall(322, fd, b"", arguments, environment, 0x1000)
