"""How a call ended: decided from what the child said, how it died and what the host did to it; a pure decider."""

import math
import os
import signal
from dataclasses import dataclass, replace
from typing import Final, Self

from levada.errors import AuthFailed, RateLimited, SourceUnavailable
from levada_runtime.foundation.text import legible
from levada_runtime.sandbox.model import Limits
from levada_runtime.sandbox.protocol import Ended

RETRYABLE: Final = frozenset({"source_unavailable", "rate_limited", "timeout", "oom", "crash", "worker_lost"})
REASON_OF_KIND: Final = {"policy": "policy", "memory": "memory", "weak": "protocol_violation"}
"""A child that is not too weak and says so has been tampered with."""
REASON_OF_CODE: Final = {
    AuthFailed.code: "auth",
    SourceUnavailable.code: "source_unavailable",
    RateLimited.code: "rate_limited",
}
MEMORY_STATUS: Final = 77
_NEAR_CPU = 0.75
"""How much of its processor time a child that the kernel killed must have used: the kernel counts in ticks, which on a
busy machine run ahead of what it tells afterwards."""
_NEAR_MEMORY = 0.7
_MESSAGE_CHARACTERS = 4_000
_TRACEBACK_CHARACTERS = 32_000
_CODE_CHARACTERS = 100
_LONGEST_WAIT_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Killed:
    """Why the host killed the child."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Death:
    """How the process ended, in the words of `waitpid`, `getrusage` and its memory group.

    `oom`: whether the kernel killed it for want of memory; None where there is no group to say so. `lived_on`: it did
    not end by itself when its channel was closed, and the host killed it.
    """

    status: int
    cpu_s: float
    max_rss_bytes: int
    oom: bool | None = None
    lived_on: bool = False

    @property
    def signal(self) -> int:
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 0

    @property
    def code(self) -> int:
        return os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else -1

    @property
    def is_violation(self) -> bool:
        """Whether the system-call filter killed it."""
        return self.signal == signal.SIGSYS

    def since(self, cpu_s: float) -> Self:
        """Return the same death with only the processor time used after the first `cpu_s`."""
        return replace(self, cpu_s=max(self.cpu_s - cpu_s, 0.0))


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


def classify(said: Ended | None, death: Death | None, killed: Killed | None, limits: Limits) -> Ending:
    """Return the ending.

    A child that was kept for the next call has said how this one ended and not died.
    """
    if death is not None and death.is_violation:
        return _failed("sandbox_violation", "the connector made a system call that has no innocent use, and was killed")
    if killed is not None:
        return _failed(killed.reason, killed.message)
    if said is not None:
        return _as_said(said)
    assert death is not None
    return _as_it_died(death, limits)


def _as_said(said: Ended) -> Ending:
    if said.kind == "done":
        return Ending(None, result=said.result)
    reason = REASON_OF_KIND.get(said.kind) or REASON_OF_CODE.get(said.code or "", "connector_error")
    retryable = reason in RETRYABLE or (reason == "connector_error" and said.retryable)
    return Ending(
        reason,
        said.code and legible(said.code[:_CODE_CHARACTERS]),
        legible((said.message or "")[:_MESSAGE_CHARACTERS]),
        said.traceback and legible(said.traceback[:_TRACEBACK_CHARACTERS]),
        retryable=retryable,
        wait=_believed(said.wait),
        result=said.result if said.kind == "policy" else None,
    )


def _believed(wait: float | None) -> float | None:
    """Return a wait in seconds that somebody could mean; a child may say any number."""
    if wait is None or math.isnan(wait):
        return None
    return min(max(wait, 0.0), _LONGEST_WAIT_S)


def _as_it_died(death: Death, limits: Limits) -> Ending:
    if death.oom:
        return _failed("oom", "the kernel killed the child for want of memory")
    if death.signal in {signal.SIGKILL, signal.SIGXCPU} and death.cpu_s >= limits.cpu_s * _NEAR_CPU:
        return _failed("cpu_limit", f"the run used its {limits.cpu_s:g} s of processor time")
    if death.code == MEMORY_STATUS:
        return _out_of_memory(limits)
    if death.lived_on and death.signal == signal.SIGKILL:
        return _failed("crash", "the child closed its channel and lived on, and was killed")
    if death.signal == signal.SIGKILL and death.oom is None:
        return _failed("oom", "the child was killed from outside, most likely by the kernel for want of memory")
    if death.signal and death.max_rss_bytes >= limits.memory_bytes * _NEAR_MEMORY:
        return _out_of_memory(limits)
    how = f"signal {signal.Signals(death.signal).name}" if death.signal else f"status {death.code}"
    return _failed("crash", f"the child ended by {how} without saying why")


def _out_of_memory(limits: Limits) -> Ending:
    return _failed("memory", f"the run used its {limits.memory_bytes >> 20} MiB of memory")


def _failed(reason: str, message: str) -> Ending:
    return Ending(reason, reason, message, retryable=reason in RETRYABLE)
