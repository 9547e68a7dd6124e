"""The child: from a fresh fork to the first line of connector code, and from its last line to how it ended.

The order is the wall: leave the session and every descriptor behind, become nobody, hear what is to be done, lock,
say what was locked, and only then compile and run what a stranger wrote.
"""

import os
from typing import Any, NoReturn

from levada import Connector
from levada_runtime.sandbox import bench, preload
from levada_runtime.sandbox.channel import ChildChannel
from levada_runtime.sandbox.endings import MEMORY_STATUS
from levada_runtime.sandbox.kernel.lockdown import CHANNEL, States, detach, join_group, leave_identity, level_of, lock
from levada_runtime.sandbox.language.compile import PolicyViolation, compile_all
from levada_runtime.sandbox.language.findings import encode_findings
from levada_runtime.sandbox.language.libraries import check_declared
from levada_runtime.sandbox.language.loader import ConnectorLoader
from levada_runtime.sandbox.language.reach import reachable
from levada_runtime.sandbox.model import Limits
from levada_runtime.sandbox.ports import Lines
from levada_runtime.sandbox.protocol import Again, Asked, Ended, Ready, Start, Woken
from levada_runtime.sandbox.report import ended_by

_BALLAST_BYTES = 1 << 20


def main(channel: int, door: int | None, states: States, without: frozenset[str]) -> NoReturn:
    """Run one call, or all those that one name keeps it for, in a process that was just forked; never returns."""
    status = 70
    try:
        status = _live(channel, door, states, without)
    except MemoryError:
        status = MEMORY_STATUS
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as a second zygote.
        status = 71
    finally:
        os._exit(status)


def _live(descriptor: int, door: int | None, states: States, without: frozenset[str]) -> int:
    join_group(states, door)
    detach(descriptor)
    channel = ChildChannel(CHANNEL)
    leave_identity(states, os.getpid() if os.getpid() > 1 else int.from_bytes(os.urandom(4), "big"), without)
    start = channel.receive()
    assert isinstance(start, Start)
    lock(states, Limits(memory_bytes=start.memory_bytes, cpu_s=start.cpu_s), without)
    channel.send(Ready(states))
    if level_of(states) < start.minimum:
        channel.send(Ended("weak", message=f"the layers amount to {level_of(states)}: {states}"))
        return 0
    stage = Stage(start)
    channel.send(stage.perform(start, channel))
    while start.keep:
        again = channel.receive()
        assert isinstance(again, Again)
        channel.send(Woken(again.word))
        channel.send(stage.perform(again, channel))
    return 0


class Stage:
    """A connector in its child: loaded by the first call, and there for those that follow where it is kept."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._lines: Lines | None = None
        self._connector: Connector | None = None

    def perform(self, asked: Asked, channel: ChildChannel) -> Ended:
        """Do what is asked and return how it ended; whatever this call was given serves for it alone."""
        ballast = bytearray(_BALLAST_BYTES)
        lent = channel.lend()
        try:
            return self._performed(asked, lent)
        except MemoryError:
            del ballast
            return Ended("memory", "memory", f"the run used its {self._start.memory_bytes >> 20} MiB of memory")
        finally:
            lent.end()

    def _performed(self, asked: Asked, channel: ChildChannel) -> Ended:
        try:
            return Ended("done", result=self._act(asked, channel))
        except MemoryError:
            raise
        except PolicyViolation as violation:
            return Ended("policy", "policy", str(violation), result=encode_findings(violation.findings))
        except BaseException as error:  # noqa: BLE001 - a connector may raise anything; all of it ends the run.
            return ended_by(error, self._start.files)

    def _act(self, asked: Asked, channel: ChildChannel) -> bytes | None:
        self._lines = lines = Lines(channel)
        if self._connector is None:
            self._connector = self._loaded()
        if asked.action == "describe":
            manifest = self._connector.manifest()
            check_declared(manifest.libraries, self._start.libraries)
            return manifest.model_dump_json().encode()
        return bench.run(self._connector, asked, channel, lines)

    def _loaded(self) -> Connector:
        start = self._start
        loader = ConnectorLoader(start.package, start.files, preload.FACADES, start.libraries, self._printed)
        if start.action == "describe":
            compile_all(reachable(start.package, loader.files).items(), loader)
        return bench.connector_of(loader.load(start.package), start.attribute)

    def _printed(self, *values: object, **options: Any) -> None:
        """Serve `print` with the log of the call that is going on."""
        assert self._lines is not None
        self._lines.printed(*values, **options)
