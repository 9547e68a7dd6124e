"""Category: output. Escape proof: bytes appear on the host's standard streams."""

import os

CONTROL_IN_HOST = "the standard streams of a child are /dev/null before any layer"


def attack(ctx, report):
    os.write(1, b"HOST-STDOUT-CORRUPTED\n")
    os.write(2, b"HOST-STDERR-CORRUPTED\n")
