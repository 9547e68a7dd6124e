# level: boundary
# category: file-read
# escape proof: the time zone of libc is read from a file of the attacker's choice

import ctypes

libc = ctypes.CDLL(None)
libc.setenv(b"TZ", b":/usr/share/zoneinfo/Asia/Tokyo", 1)
libc.tzset()
names = (ctypes.c_char_p * 2).in_dll(libc, "tzname")
if names[0] == b"JST":
    REPORT("read it")
opened = libc.fopen
opened.restype = ctypes.c_void_p
if opened(b"/etc/passwd", b"r"):
    REPORT("fopen")
