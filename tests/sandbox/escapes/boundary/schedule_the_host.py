# level: boundary
# category: privilege
# escape proof: the host's place among processes can be asked for or changed

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
mask = (ctypes.c_ulong * 128)()
pid = CTX["hostpid"]
got = {
    "affinity": libc.syscall(204, pid, 1024, mask),
    "policy": libc.syscall(145, pid),
    "priority": libc.syscall(140, 0, pid),
    "attributes": libc.syscall(315, pid, mask, 48, 0),
    "io": libc.syscall(252, 1, pid),
    "pages": libc.syscall(279, pid, 0, None, None, None, 0),
}
if told := {name: number for name, number in got.items() if number >= 0}:
    REPORT(told)
