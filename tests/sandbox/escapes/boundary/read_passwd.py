"""Category: file-read. Escape proof: the child reports file content."""



def attack(ctx, report):
    report(open("/etc/passwd").read()[:20])
