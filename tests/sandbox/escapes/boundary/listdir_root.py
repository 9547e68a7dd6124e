"""Category: file-read. Escape proof: the child reports a directory listing."""

import os


def attack(ctx, report):
    report(os.listdir("/"))
