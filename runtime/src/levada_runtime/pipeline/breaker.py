"""When a destination that keeps failing is left alone. Values in, values out.

A circuit opens after so many failures in a row, whichever deliveries they were of. While it is open deliveries wait
without using up their attempts; after a pause one of them is let through, and how that ends closes or reopens it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from levada_runtime.pipeline.retry import Sent

_REFUSING = range(400, 500)


@dataclass(frozen=True, slots=True)
class Limits:
    """After how many failures in a row a circuit opens, and for how long."""

    failures: int = 10
    pause: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a destination does: failures in a row, and until when it is left alone."""

    failures: int = 0
    open_until: datetime | None = None


def admit(circuit: Circuit, now: datetime, limits: Limits) -> tuple[Circuit, datetime | None]:
    """Let a delivery through, or say until when it waits.

    The first one after the pause goes through as the probe, and the others wait as long again for its end: should its
    worker die, another will be the probe then.
    """
    if circuit.open_until is None:
        return circuit, None
    if now < circuit.open_until:
        return circuit, circuit.open_until
    return Circuit(circuit.failures, now + limits.pause), None


def after(circuit: Circuit, sent: Sent, now: datetime, limits: Limits) -> Circuit:
    """Return the circuit after an attempt.

    A refusal of what was sent (400, 404) is no failure of the destination: it is there and answers. One that never got
    there because our own rules forbid it tells nothing.
    """
    if sent.ending == "refused" and sent.status not in _REFUSING:
        return circuit
    if sent.ending != "failed":
        return Circuit()
    failures = circuit.failures + 1
    return Circuit(failures, now + limits.pause if failures >= limits.failures else None)
