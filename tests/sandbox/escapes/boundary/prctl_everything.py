# level: boundary
# category: privilege
# escape proof: an attribute of the process that the wall relies on is changed

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
kept = {
    "death": (1, 0),
    "capabilities": (8, 1),
    "bits": (28, 0x2F),
    "slack": (29, 1),
    "reaper": (36, 1),
    "tracer": (0x59616D61, -1),
}
done = [
    name
    for name, (option, value) in kept.items()
    if libc.prctl(option, ctypes.c_ulong(value & (1 << 64) - 1), *[ctypes.c_ulong(0)] * 3) == 0
]
if done or libc.prctl(15, b"kworker/0:1", 0, 0, 0) == 0:
    REPORT(done)
