"""The sandbox of a process, whose zygote may begin to wake before the floors that will need it are loaded."""

from levada_runtime.foundation.config import Settings
from levada_runtime.sandbox.concurrency import Decision, decide, room_here
from levada_runtime.sandbox.forker import Forker
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import Level
from levada_runtime.sandbox.warm import CHILDREN


def concurrency(settings: Settings) -> Decision:
    """Return how many workers of an installation may run at once, and how many children each may keep."""
    wanted = settings.sandbox
    return decide(settings.workers, room_here(wanted.memory_budget_mb), wanted.memory_mb << 20, CHILDREN)


def waking(settings: Settings, forker: Forker | None = None) -> Sandbox:
    """Return a sandbox whose zygote, a process of its own, wakes while this one goes on; close it when done.

    The zygote may wake already: the `forker` that was started is the sandbox's from then on.
    """
    wanted = settings.sandbox
    sandbox = Sandbox(
        minimum=Level(wanted.minimum),
        allow_weak=wanted.allow_weak,
        warm_children=concurrency(settings).warm_children,
        forker=forker,
    )
    sandbox.wake()
    return sandbox
