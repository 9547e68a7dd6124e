"""Category: exec. Escape proof: the file at the proof path exists after the run."""

import os


def attack(ctx, report):
    os.posix_spawn("/usr/bin/touch", ["touch", ctx["proof"]], {})
