"""Category: signal. Escape proof: host receives SIGUSR1 / REPORT."""

import os


def attack(ctx, report):
    import signal
    os.kill(ctx["host_pid"], signal.SIGUSR1); report("signalled")
