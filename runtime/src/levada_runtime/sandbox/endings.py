"""How a call ended: decided from what the child said, how it died and what the host did to it; a pure decider."""

import os
import signal
from dataclasses import dataclass
from typing import Final

from levada_runtime.sandbox.model import Limits
from levada_runtime.sandbox.protocol import Ended

RETRYABLE: Final = frozenset({"source_unavailable", "rate_limited", "timeout", "oom", "crash", "worker_lost"})
REASON_OF_KIND: Final = {"policy": "policy", "memory": "memory"}
MEMORY_STATUS: Final = 77
_NEAR_CPU = 0.75
"""How much of its processor time a child that the kernel killed must have used: the kernel counts in ticks, which on a
busy machine run ahead of what it tells afterwards."""
_NEAR_MEMORY = 0.7
_MESSAGE_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Killed:
    """Why the host killed the child."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Death:
    """How the process ended, in the words of `waitpid` and `getrusage`."""

    status: int
    cpu_s: float
    max_rss_bytes: int

    @property
    def signal(self) -> int:
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 0

    @property
    def code(self) -> int:
        return os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else -1


@dataclass(frozen=True, slots=True)
class Ending:
    """The part of an outcome that says why."""

    reason: str | None
    code: str | None = None
    message: str | None = None
    traceback: str | None = None
    retryable: bool = False
    wait: float | None = None
    result: bytes | None = None


def classify(
    said: Ended | None, death: Death, killed: Killed | None, limits: Limits, reasons: dict[str, str]
) -> Ending:
    """Return the ending. `reasons` maps the error codes that end a run for a reason of their own to that reason."""
    if death.signal == signal.SIGSYS:
        return _failed("sandbox_violation", "the connector made a system call that has no innocent use, and was killed")
    if killed is not None:
        return _failed(killed.reason, killed.message)
    if said is not None:
        return _as_said(said, reasons)
    return _as_it_died(death, limits)


def _as_said(said: Ended, reasons: dict[str, str]) -> Ending:
    if said.kind == "done":
        return Ending(None, result=said.result)
    reason = REASON_OF_KIND.get(said.kind) or reasons.get(said.code or "", "connector_error")
    retryable = reason in RETRYABLE or (reason == "connector_error" and said.retryable)
    message = (said.message or "")[:_MESSAGE_CHARACTERS]
    return Ending(reason, said.code, message, said.traceback, retryable=retryable, wait=said.wait)


def _as_it_died(death: Death, limits: Limits) -> Ending:
    if death.signal in {signal.SIGKILL, signal.SIGXCPU} and death.cpu_s >= limits.cpu_s * _NEAR_CPU:
        return _failed("cpu_limit", f"the run used its {limits.cpu_s:g} s of processor time")
    if death.code == MEMORY_STATUS:
        return _out_of_memory(limits)
    if death.signal == signal.SIGKILL:
        return _failed("oom", "the child was killed from outside, most likely by the kernel for want of memory")
    if death.signal and death.max_rss_bytes >= limits.memory_bytes * _NEAR_MEMORY:
        return _out_of_memory(limits)
    how = f"signal {signal.Signals(death.signal).name}" if death.signal else f"status {death.code}"
    return _failed("crash", f"the child ended by {how} without saying why")


def _out_of_memory(limits: Limits) -> Ending:
    return _failed("memory", f"the run used its {limits.memory_bytes >> 20} MiB of memory")


def _failed(reason: str, message: str) -> Ending:
    return Ending(reason, reason, message, retryable=reason in RETRYABLE)
