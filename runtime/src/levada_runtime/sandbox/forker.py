"""The host's side of the zygote: start it, ask it for children, hear how they ended."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.sandbox.forking import FORK, MESSAGE_BYTES, Awake, Born, Exited, Message, decode_message

_START_S = 60.0
_FORK_S = 10.0
_GRACE_S = 2.0
_LAST_STEPS_S = 0.25
"""How long a child may take from its last word to its end; whatever it computes in that time is beyond its limit."""


class ZygoteLost(Exception):  # noqa: N818 - it is what it says.
    """The zygote is gone; the next call starts another."""


@dataclass(frozen=True, slots=True)
class Child:
    """A living child: killed by its pidfd, which cannot mean another process; its `number` is its zygote's."""

    number: int
    pid: int
    pidfd: int

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """Let it not run on until `resume`; no process can refuse."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        os.close(self.pidfd)

    def _signal(self, number: signal.Signals) -> None:
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            return


class Forker:
    """One zygote process, which takes a fifth of a second to wake, and the socket to it."""

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self._exited: dict[int, Exited] = {}
        self._awake: Awake | None = None
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "levada_runtime.sandbox.zygote", str(theirs.fileno()), ",".join(without)],
                env={},
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )

    def wait(self) -> Awake:
        """Wait until the zygote is awake and return what it said then; when this raises, close it."""
        if self._awake is None:
            self._awake = self._first_words()
            assert self._process.stderr is not None
            self._process.stderr.close()
        return self._awake

    @cached_property
    def modules(self) -> frozenset[str]:
        """The names of the modules that its children find loaded."""
        return frozenset(self.wait().modules)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def fork(self, door: int | None) -> tuple[Child, socket.socket]:
        """Return a fresh child, in the memory group behind that door, and our end of its channel; raise ZygoteLost."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [FORK], [theirs.fileno(), *([door] if door is not None else [])])
            message, descriptors = self._next_but_exits(time.monotonic() + _FORK_S)
        except (OSError, ZygoteLost) as error:
            ours.close()
            raise ZygoteLost(f"the zygote is gone: {error}") from None
        if not isinstance(message, Born) or message.problem is not None:
            ours.close()
            raise ZygoteLost(f"the zygote could not fork: {message}")
        return Child(message.number, message.pid, descriptors[0]), ours

    def ended(self, child: Child) -> tuple[Exited, bool]:
        """Wait for a child that is ending or being killed; one that does not end within a moment is killed.

        Return how it ended and whether it had to be killed here. A zygote that then says nothing either is given up.
        """
        patience = [_LAST_STEPS_S, _FORK_S]
        deadline = time.monotonic() + patience.pop(0)
        while child.number not in self._exited:
            try:
                self._take_exit(deadline)
            except TimeoutError as error:
                if not patience:
                    self._process.kill()
                    raise ZygoteLost(str(error)) from None
                child.kill()
                deadline = time.monotonic() + patience.pop(0)
        return self._exited.pop(child.number), not patience

    def _take_exit(self, deadline: float) -> None:
        message, descriptors = self._next(deadline)
        for descriptor in descriptors:
            os.close(descriptor)
        if isinstance(message, Exited):
            self._exited[message.number] = message

    def _next_but_exits(self, deadline: float) -> tuple[Message, list[int]]:
        """Return the next message that tells of no end; ends are kept for whoever asks."""
        while True:
            message, descriptors = self._next(deadline)
            if not isinstance(message, Exited):
                return message, descriptors
            self._exited[message.number] = message

    def close(self) -> None:
        """End the zygote, and with it every child; one that nobody asked for a child yet ends at once."""
        self._control.close()
        if self._awake is None:
            self._process.kill()
        if self._process.stderr is not None:
            self._process.stderr.close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _first_words(self) -> Awake:
        try:
            message, _descriptors = self._next(time.monotonic() + _START_S)
        except (ZygoteLost, TimeoutError):
            self._process.kill()
            assert self._process.stderr is not None
            said = self._process.stderr.read().decode(errors="replace").strip().splitlines()
            raise EnvironmentFailure(
                f"the sandbox's zygote did not start: {said[-1] if said else 'it said nothing'}",
                code="sandbox_unavailable",
                hint="`runtime doctor` shows what the machine offers",
            ) from None
        assert isinstance(message, Awake)
        return message

    def _next(self, deadline: float) -> tuple[Message, list[int]]:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError("the zygote does not answer")
        try:
            data, descriptors, _flags, _address = socket.recv_fds(self._control, MESSAGE_BYTES, 1)
        except ConnectionError:
            data, descriptors = b"", []
        if not data:
            raise ZygoteLost("the zygote closed its socket")
        return decode_message(data), descriptors
