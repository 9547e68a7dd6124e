"""The frozen values that go into the wall and come out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from levada import Window


class Level(StrEnum):
    """How much stands between connector code and the machine; `>=` compares strength."""

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"

    @property
    def label(self) -> str:
        return {"L0": "process", "L1": "seccomp", "L2": "kernel", "L3": "full"}[self.value]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A connector's own sources, and those of the libraries it declares; paths are relative to the package's parent.

    Only the files of `package` are compiled under the policy; a library's are loaded as they are, inside the wall.
    """

    package: str
    attribute: str
    files: Mapping[str, bytes]
    libraries: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. The HTTP limits are held by the broker, the others by the kernel and the host."""

    memory_bytes: int = 512 << 20
    cpu_s: float = 60
    wall_s: float = 300
    http_requests: int = 1_000
    http_bytes: int = 1 << 30


DESCRIBE_LIMITS = Limits(cpu_s=5, wall_s=10, http_requests=0, http_bytes=0)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a route may know of its own run, as `run`."""

    id: str
    mode: str
    connection: str
    observing: bool = False
    attempt: int = 1
    scheduled_for: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as its route is given it: verified, and without the credentials it came with."""

    body: bytes
    headers: Mapping[str, str]
    params: Mapping[str, str]
    delivery_id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One thing to do behind the wall: `action` is describe, poll, webhook, backfill or check.

    `secrets` holds the exposed ones only; `checkpoint` maps partition to values; only a webhook has a `request`, and
    only a backfill a `window`.
    `keep_warm` names whom the call is for: its child may be kept and serve later calls of the very same name, so the
    name must change with whatever may not be shared. None: the child is this call's alone.
    """

    action: str
    bundle: Bundle
    now: datetime
    stream: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    checkpoint: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    run: RunInfo | None = None
    request: Delivery | None = None
    limits: Limits = field(default_factory=Limits)
    keep_warm: str | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: `reason` is None when it succeeded, else one of the reasons a run fails for.

    `served_before` counts the calls that its child had served; what it used is told of this call alone.
    """

    reason: str | None
    code: str | None = None
    message: str | None = None
    traceback: str | None = None
    retryable: bool = False
    wait: float | None = None
    result: bytes | None = None
    level: str = Level.L0.value
    layers: Mapping[str, str] = field(default_factory=dict)
    cpu_s: float = 0.0
    wall_s: float = 0.0
    max_rss_bytes: int = 0
    served_before: int = 0

    @property
    def succeeded(self) -> bool:
        return self.reason is None


class Abort(Exception):  # noqa: N818 - an instruction to the host, not an error of its own.
    """Raised by a handler to end the run at once: the child is killed and the run ends for `reason`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
