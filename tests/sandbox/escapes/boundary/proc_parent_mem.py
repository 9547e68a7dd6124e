"""Category: proc. Escape proof: the child opens host memory."""



def attack(ctx, report):
    report(str(open(f"/proc/{ctx['host_pid']}/mem", "rb")))
