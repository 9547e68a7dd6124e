"""Category: signal. Escape proof: pid existence oracle."""

import os


def attack(ctx, report):
    os.kill(ctx["host_pid"], 0); report("probe ok")
