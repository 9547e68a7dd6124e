"""Category: file-write. Escape proof: the file at the proof path exists after the run."""

import os


def attack(ctx, report):
    os.mkfifo(ctx["proof"])
