"""Category: file-read. Escape proof: the child reports the canary file content."""



def attack(ctx, report):
    report(open(ctx["canary_file"]).read())
