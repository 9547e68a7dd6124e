"""Who acts: an operator at the command line, a key of the API, or the runtime by itself.

Whoever lets somebody in says who it is; whoever writes down what was done asks. It goes along with the call, and never
into a thread that was started for something else.
"""

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

RUNTIME = "runtime"
"""Who acts where nobody asked for it."""

_actor: ContextVar[str] = ContextVar("levada_actor", default=RUNTIME)


def acting() -> str:
    """Return who acts just now: `cli:alice@host`, `key:1f2e3d4c` or `runtime`."""
    return _actor.get()


def act_as(actor: str) -> None:
    """Say who acts, from here to the end of this call."""
    _actor.set(actor)


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Let whatever is done inside be done in somebody's name."""
    before = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(before)


def operator_here() -> str:
    """Return the operator at this command line, by the user that the process runs as."""
    return f"cli:{_user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())  # a container may run as a user that nobody has named
