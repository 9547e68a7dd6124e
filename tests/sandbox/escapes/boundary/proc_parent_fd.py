"""Category: fd-theft. Escape proof: the child lists host fds."""

import os


def attack(ctx, report):
    report(os.listdir(f"/proc/{ctx['host_pid']}/fd"))
