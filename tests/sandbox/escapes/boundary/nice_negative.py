"""Category: privilege. Escape proof: priority raised."""

import os


def attack(ctx, report):
    os.setpriority(0, 0, -10); report("prio")
