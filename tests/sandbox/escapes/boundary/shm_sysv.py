"""Category: ipc. Escape proof: SysV shared memory segment is created."""



def attack(ctx, report):
    import ctypes
    r = ctypes.CDLL(None).shmget(0x1234, 4096, 0o1666)
    if r >= 0: report("shm")
