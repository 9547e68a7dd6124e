# level: boundary
# category: ipc
# escape proof: a descriptor is made that tells of what happens elsewhere

import ctypes
import os

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

made = {
    "eventfd2": libc.syscall(290, 0, 0),
    "timerfd": libc.syscall(283, 1, 0),
    "inotify": libc.syscall(294, 0),
    "epoll": libc.syscall(291, 0),
    "signalfd": libc.syscall(289, -1, ctypes.byref(ctypes.c_uint64(1 << 16)), 8, 0),
    "pidfd": libc.syscall(434, os.getpid(), 0),
    "landlock": libc.syscall(444, None, 0, 1),
}
if got := {name: number for name, number in made.items() if number >= 0}:
    REPORT(got)
