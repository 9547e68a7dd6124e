"""What the wall costs: starting a run, a webhook in a warm child, a record's way out, code under the policy, a request.

Every figure is taken from real children at the highest level of this machine, says what it was compared with, and
checks that the work it timed was done.
"""

import argparse

from benchmarks.wall import broker, policy, start, transport
from levada_runtime.sandbox.host import Sandbox


def measure(words: argparse.Namespace) -> None:
    """Print everything, each with its goal."""
    with Sandbox(allow_weak=True) as sandbox:
        start.measure(sandbox, words.runs)
        transport.measure(sandbox)
        policy.measure(sandbox)
        broker.measure(sandbox, words.runs)
