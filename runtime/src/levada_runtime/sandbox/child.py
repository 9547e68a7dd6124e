"""The child: from a fresh fork to the first line of connector code, and from its last line to how it ended.

The order is the wall: leave the session and every descriptor behind, become nobody, hear what is to be done, lock,
say what was locked, and only then compile and run what a stranger wrote.
"""

import os
from typing import NoReturn

from levada_runtime.sandbox import bench, preload
from levada_runtime.sandbox.channel import ChildChannel
from levada_runtime.sandbox.compile import PolicyViolation, compile_all
from levada_runtime.sandbox.endings import MEMORY_STATUS
from levada_runtime.sandbox.loader import ConnectorLoader
from levada_runtime.sandbox.lockdown import CHANNEL, States, detach, leave_identity, level_of, lock
from levada_runtime.sandbox.model import Limits
from levada_runtime.sandbox.ports import Lines
from levada_runtime.sandbox.protocol import Ended, Ready, Start
from levada_runtime.sandbox.reach import reachable
from levada_runtime.sandbox.report import ended_by

_BALLAST_BYTES = 1 << 20


def main(channel: int, states: States, without: frozenset[str]) -> NoReturn:
    """Run one call in a process that was just forked; never returns."""
    status = 70
    try:
        status = _live(channel, states, without)
    except MemoryError:
        status = MEMORY_STATUS
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as a second zygote.
        status = 71
    finally:
        os._exit(status)


def _live(descriptor: int, states: States, without: frozenset[str]) -> int:
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
    ballast = bytearray(_BALLAST_BYTES)
    try:
        said = _perform(start, channel)
    except MemoryError:
        del ballast
        said = Ended("memory", "memory", f"the run used its {start.memory_bytes >> 20} MiB of memory")
    channel.send(said)
    return 0


def _perform(start: Start, channel: ChildChannel) -> Ended:
    try:
        return Ended("done", result=_act(start, channel))
    except MemoryError:
        raise
    except PolicyViolation as violation:
        return Ended("policy", "policy", str(violation))
    except BaseException as error:  # noqa: BLE001 - a connector may raise anything; all of it ends the run.
        return ended_by(error, start.files)


def _act(start: Start, channel: ChildChannel) -> bytes | None:
    lines = Lines(channel)
    loader = ConnectorLoader(start.package, start.files, preload.FACADES, start.libraries, lines.printed)
    if start.action == "describe":
        compile_all(reachable(start.package, loader.files).items(), loader)
    module = loader.load(start.package)
    connector = bench.connector_of(module, start.attribute)
    if start.action == "describe":
        return connector.manifest().model_dump_json().encode()
    return bench.run(connector, start, channel, lines)
