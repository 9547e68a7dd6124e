"""Category: file-read. Escape proof: the child reports a stat result (existence oracle)."""

import os


def attack(ctx, report):
    report(os.stat("/etc/passwd").st_size)
