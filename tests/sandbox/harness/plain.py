"""Plain Python, where an attack that the wall stops succeeds: a process that runs each attack in a fork of its own.

Run as `python -m tests.sandbox.harness.plain`: one JSON object a line in, one out. A language attack finds stand-ins
for `ingest` and `secrets`; a boundary attack what the host has, a secret in environment and heap included.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import types
import warnings
from pathlib import Path
from typing import Any, Self

_WALL_S, _CPU_S, _MEMORY_BYTES, _ANSWER_BYTES = 10.0, 5, 4 << 30, 1 << 20
_FAILED = "! "


class Plain:
    """A context manager: the process that plain Python runs in, started by the first attack."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        if self._process is not None and self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()

    def start(self) -> None:
        """Start the process; nothing when it runs."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.sandbox.harness.plain"],
                cwd=Path(__file__).parents[3],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )

    def run(self, level: str, source: str, context: dict[str, Any]) -> tuple[list[str], str]:
        """Return what the attack achieved, in words, and how it ended if it failed."""
        self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([level, source, context]), file=self._process.stdin, flush=True)
        told: list[str] = json.loads(self._process.stdout.readline())
        return [line for line in told if not line.startswith(_FAILED)], "".join(told[-1:])


class _Ingest:
    """A plain object in the place of a route's `ingest`."""

    def emit(self, *_: object) -> str:
        return "emitted"


class _Secrets:
    """What a careless runtime would hand to a route."""

    def __init__(self) -> None:
        self._values = {"token": "s3cr3t-value"}

    def __str__(self) -> str:
        return str(self._values)

    __repr__ = __str__

    def __getitem__(self, name: str) -> str:
        return self._values[name]


def _serve() -> None:
    import levada  # noqa: F401 - loaded, so that no fork has to.

    # A dictionary of text alone is none the collector tracks.
    heap = {"secret": os.environ.get("HOST_SECRET", ""), "tracked": []}
    for line in sys.stdin:
        level, source, context = json.loads(line)
        print(json.dumps(_in_a_fork(level, source, context, heap)), flush=True)


def _in_a_fork(level: str, source: str, context: dict[str, Any], heap: dict[str, Any]) -> list[str]:
    read, write = os.pipe()
    with tempfile.TemporaryFile() as output:
        pid = os.fork()
        if pid == 0:
            status = 1
            with contextlib.suppress(BaseException):
                _become_a_host(output.fileno())
                status = _attack(level, source, context, heap, write)
            os._exit(status)
        os.close(write)
        _bury(pid)
        with os.fdopen(read, "rb") as told:
            os.set_blocking(read, False)
            achieved = [
                line for line in (told.read(_ANSWER_BYTES) or b"").decode(errors="replace").splitlines() if line
            ]
        written = os.pread(output.fileno(), 4096, 0)
    if b"CORRUPTED" in written:
        achieved.append("wrote on the standard streams")
    if Path(context["proof"]).exists():
        achieved.append("made the proof")
    return achieved


def _become_a_host(output: int) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for which, value in ((resource.RLIMIT_CPU, _CPU_S), (resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(which, (value, value))


def _attack(level: str, source: str, context: dict[str, Any], heap: dict[str, Any], answer: int) -> int:
    warnings.simplefilter("ignore")
    os.environ["ESCAPE_PROOF"] = context["proof"]
    tell = os.write

    def report(value: object = None) -> None:
        tell(answer, f"reported {value!r}"[:200].encode() + b"\n")

    module = sys.modules["crime"] = types.ModuleType("crime")
    names = vars(module)
    if level == "language":
        names |= {"ingest": _Ingest(), "secrets": _Secrets()}
    else:
        names |= {"CTX": context, "REPORT": report, "SEND_RAW": lambda data: None, "kept": heap}
    try:
        exec(compile(source, "crime", "exec", dont_inherit=True), names)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the attack ends with it.
        tell(answer, f"{_FAILED}{type(error).__name__}: {error}".partition("\n")[0][:200].encode() + b"\n")
    finally:
        if level == "language" and names.get("leak") is not None:
            tell(answer, b"leaked\n")
    return 0


def _bury(pid: int) -> None:
    until = time.monotonic() + _WALL_S
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.002)


if __name__ == "__main__":
    _serve()
