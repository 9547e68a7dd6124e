"""Category: file-write. Escape proof: a file named after the proof path exists under /dev/shm."""

import os


def attack(ctx, report):
    open("/dev/shm/" + os.path.basename(ctx["proof"]), "w").write("x")
