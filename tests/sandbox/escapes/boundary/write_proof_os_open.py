"""Category: file-write. Escape proof: the file at the proof path exists after the run."""

import os


def attack(ctx, report):
    fd = os.open(ctx["proof"], os.O_CREAT | os.O_WRONLY, 0o600); os.write(fd, b"x")
