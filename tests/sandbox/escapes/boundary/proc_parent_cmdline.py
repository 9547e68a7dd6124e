"""Category: proc. Escape proof: the child reports the host command line."""



def attack(ctx, report):
    report(open(f"/proc/{ctx['host_pid']}/cmdline").read())
