"""Category: privilege. Escape proof: dumpable is set back."""



def attack(ctx, report):
    import ctypes
    r = ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
    if r == 0: report("dumpable")
