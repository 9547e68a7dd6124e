"""Category: signal. Escape proof: host receives signal."""



def attack(ctx, report):
    import ctypes
    r = ctypes.CDLL(None).sigqueue(ctx["host_pid"], 10, 0)
    if r == 0: report("queued")
