"""Category: proc. Escape proof: the child reports the host environment."""



def attack(ctx, report):
    report(open(f"/proc/{ctx['host_pid']}/environ", "rb").read()[:50])
