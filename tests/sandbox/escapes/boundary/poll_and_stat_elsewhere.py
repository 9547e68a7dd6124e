# level: boundary
# category: fd-theft
# escape proof: a descriptor of the host's is ready here
# control: none, because every descriptor but the channel is closed before any layer

import ctypes
import select

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

ready = []
for number in range(4, 1024):
    poll = select.poll()
    poll.register(number)
    ready += [number for number, events in poll.poll(0) if not events & select.POLLNVAL]
status = ctypes.create_string_buffer(256)
ready += [number for number in range(4, 1024) if libc.syscall(5, number, status) == 0]
if ready:
    REPORT(ready)
