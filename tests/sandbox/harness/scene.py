"""What an attack aims at, and whether any of it was hit."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.sandbox.harness.leftovers import Leftovers
from tests.sandbox.harness.streams import Streams
from tests.sandbox.harness.witness import BENIGN

from levada_runtime.sandbox.kernel.lockdown import CHANNEL

HOST_SECRET = "h0st-s3cret"
KNOWN_ABSTRACT = "\0sbx-canary"
HOST_GROWTH_BYTES = 64 << 20
_heap = {"secret": HOST_SECRET}


def plant_secret() -> None:
    """Give the host a secret, in its environment and in its heap; do it before any zygote is started."""
    os.environ["HOST_SECRET"] = _heap["secret"]


class Scene:
    """A context manager: canaries stand, signals are noted and the standard streams watched for its time.

    The canary with a name of its own stands only for a source that speaks of it: it would be hit by other processes'.
    """

    def __init__(self, zygotes: Callable[[], set[int]], source: str = "") -> None:
        self._zygotes = zygotes
        self._source = source
        self.reports: list[str] = []
        self.missing: list[str] = []
        self.ended: list[str] = []
        self.benign_reported = False
        self._noted: list[str] = []
        self._host = ctypes.create_string_buffer(b"h0st-memory")
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        plant_secret()
        self._folder = Path(tempfile.mkdtemp(prefix="escapes-"))
        self._folder.chmod(0o777)
        self._open.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self.proof = self._folder / f"proof-{self._folder.name}"
        self._elsewhere = Path("/dev/shm") / self.proof.name
        self._canary = self._folder / "canary"
        self._canary.write_text("canary")
        self._canary_file = self._open.enter_context(self._canary.open("rb"))
        self._stand_canaries()
        self._note_signals()
        self._leftovers = self._open.enter_context(Leftovers(self._zygotes))
        self._streams = self._open.enter_context(Streams())
        self._resident = _memory("VmRSS")
        _forget_peak()
        return self

    def __exit__(self, *_reason: object) -> None:
        if self._elsewhere.is_dir() and not self._elsewhere.is_symlink():
            shutil.rmtree(self._elsewhere)
        else:
            self._elsewhere.unlink(missing_ok=True)
        self._open.close()

    def context(self) -> dict[str, Any]:
        """Return what an attack is told of its aims."""
        return {
            "proof": str(self.proof),
            "port": self.port,
            "hostpid": os.getpid(),
            "chan": CHANNEL,
            "canary_file": str(self._canary),
            "canary_fd": self._canary_file.fileno(),
            "abstract": self.abstract,
            "host_address": ctypes.addressof(self._host),
        }

    def hear(self, message: str) -> None:
        """Take a line of the run's log, which is how an attack reports."""
        word, _, rest = message.partition(" ")
        if word == "REPORT" and not self.benign_reported and rest == repr(BENIGN):
            self.benign_reported = True
        elif word == "REPORT":
            self.reports.append(f"reported {rest}"[:200])
        elif word == "ENDED":
            self.ended.append(rest)
        elif word == "MISSING":
            self.missing.append(rest)

    def damage(self) -> list[str]:
        """Return every trace of success so far, in words."""
        left = [f"made {path}" for path in (self.proof, self._elsewhere) if os.path.lexists(path)]
        if (host := bytes(self._host.raw)) != b"h0st-memory\0":
            left.append(f"changed the host's memory to {host!r}")
        grown = _memory("VmHWM") - self._resident
        if grown > HOST_GROWTH_BYTES:
            left.append(f"made the host grow by {grown >> 20} MiB")
        return [*self.reports, *left, *self._reached(), *self._noted, *self._streams.written(), *self._leftovers.left()]

    def _stand_canaries(self) -> None:
        tcp = self._open.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.port = tcp.getsockname()[1]
        udp = self._open.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with contextlib.suppress(OSError):
            udp.bind(("127.0.0.1", self.port))
        self.abstract = f"\0levada-canary-{self._folder.name}"
        streams = [tcp, self._listener(self.abstract)]
        if KNOWN_ABSTRACT[1:] in self._source:
            with contextlib.suppress(OSError):
                streams.append(self._listener(KNOWN_ABSTRACT))
        self._listeners, self._datagrams = streams, udp
        for each in (*streams, udp):
            each.setblocking(False)  # noqa: FBT003 - the standard library's own signature.

    def _listener(self, name: str) -> socket.socket:
        listener = self._open.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(name)
        listener.listen()
        return listener

    def _reached(self) -> list[str]:
        for listener in self._listeners:
            with contextlib.suppress(BlockingIOError):
                connection, _address = listener.accept()
                connection.close()
                self._noted.append(f"connected to {listener.getsockname()!r}")
        with contextlib.suppress(BlockingIOError):
            self._datagrams.recv(64)
            self._noted.append("a datagram arrived")
        return []

    def _note_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGTERM, signal.SIGALRM, signal.SIGRTMIN):
            before = signal.signal(number, self._note)
            self._open.callback(signal.signal, number, before)

    def _note(self, number: int, _frame: object) -> None:
        self._noted.append(f"the host got {signal.Signals(number).name}")


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    return 0


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
