"""Category: privilege. Escape proof: uid becomes 0."""

import os

ROOT_ONLY = "only root is root"


def attack(ctx, report):
    os.setuid(0)
    if os.getuid() == 0: report("root")
