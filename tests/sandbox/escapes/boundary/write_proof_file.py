"""Category: file-write. Escape proof: the file at the proof path exists after the run."""



def attack(ctx, report):
    open(ctx["proof"], "w").write("escaped")
