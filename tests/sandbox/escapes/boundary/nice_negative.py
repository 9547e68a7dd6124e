"""Category: privilege. Escape proof: priority raised."""

import os

ROOT_ONLY = "only root may raise its priority"


def attack(ctx, report):
    os.setpriority(0, 0, -10); report("prio")
