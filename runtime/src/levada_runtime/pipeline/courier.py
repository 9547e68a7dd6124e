"""Carries out deliveries, one attempt a claim. While it is sent no transaction is open.

What an attempt came to and what follows from it are written in one transaction with the claim's end. A worker that dies
before that has told nobody: the next one sends the same body under the same id again, which receivers can tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from time import perf_counter
from typing import Any

from levada_runtime.access.org_secrets import OrgSecrets
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.logging import logger, mask
from levada_runtime.pipeline import breaker
from levada_runtime.pipeline.deliveries import ENDED, publish_dead
from levada_runtime.pipeline.destinations.parcel import Parcel, Sender
from levada_runtime.pipeline.retry import Patience, Sent, Verdict, judge
from levada_runtime.store.model import WorkRow
from levada_runtime.store.pipelines_model import AttemptRow, DeliveryRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import StaleClaimError, Token

_LOST_AT_MOST = 5
_PAUSE_AFTER_FAILURE = timedelta(seconds=5)
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class _Taken:
    """A delivery that is about to be sent."""

    work: WorkRow
    row: DeliveryRow
    lost: bool
    """Whether a worker died at it before, without telling what came of it."""


class Courier:
    """Executes work of the kind `deliver`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        secrets: OrgSecrets,
        senders: Mapping[str, Sender],
        patience: Patience | None = None,
        limits: breaker.Limits | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._senders = senders
        self._patience = patience or Patience()
        self._limits = limits or breaker.Limits()

    def execute(self, token: Token) -> None:
        """Make one attempt at a delivery; a claim that no longer counts is left alone."""
        try:
            taken = self._take(token)
            if taken is not None:
                began = perf_counter()
                sent = self._send(taken)
                self._settle(token, taken, sent, round((perf_counter() - began) * 1000))
        except StaleClaimError:
            logger("pipeline").warning("a stale claim on a delivery was given up", work=token[0])
        except Exception as error:  # noqa: BLE001 - the delivery stays in its row, and is tried again a little later
            logger("pipeline").error("a delivery was put back", work=token[0], exc_info=error)
            self._put_back(token)

    def _take(self, token: Token) -> _Taken | None:
        """Mark a delivery as being delivered; None when it waits, or there is nothing to deliver."""
        with self._store.write() as uow:
            work = uow.work.get(token[0])
            if work is None or not uow.work.advance(*token, work.payload):
                return None
            row = uow.deliveries.get(work.org_id, work.connection_id, int(work.payload["delivery"]))
            if row is None or row.state in ENDED:
                uow.work.complete(*token)
                return None
            lost = row.state == "delivering"
            if lost:
                row = self._keep_lost(uow, row)
            if self._waits(uow, work, row):
                return None
            uow.deliveries.change(row, self._clock.now(), state="delivering", next_at=None)
        return _Taken(work, row, lost)

    def _waits(self, uow: UnitOfWork, work: WorkRow, row: DeliveryRow) -> bool:
        """Put a delivery back whose destination is left alone for now; that uses up no attempt."""
        now = self._clock.now()
        before = _circuit(uow, row)
        circuit, until = breaker.admit(before, now, self._limits)
        if until is None:
            _keep_circuit(uow, row, before, circuit)
            return False
        state = "retrying" if row.spent else "pending"
        reason = f"{row.target} failed {before.failures} times in a row and is left alone for a while"
        uow.deliveries.change(row, now, state=state, reason=reason, next_at=until)
        uow.work.release(work, not_before=until, attempt=0)
        return True

    def _send(self, taken: _Taken) -> Sent:
        """Make the attempt, outside any transaction; whatever fails is how it ended."""
        row = taken.row
        sender = self._senders.get(row.destination_type)
        if sender is None:
            return Sent("refused", reason=f"this runtime knows no destination {row.destination_type}")
        if taken.work.attempt > _LOST_AT_MOST:
            return Sent("refused", reason="its workers died again and again while it was sent")
        try:
            names = sender.secret_names(row.fields)
            secrets = self._secrets.open(row.org_id, names)
            missing = sorted(names - set(secrets))
            if missing:
                return Sent("failed", reason=f"there is no secret {missing[0]!r}: `runtime secrets set {missing[0]}`")
            may_be_there = taken.lost or row.spent > 0
            return sender.send(Parcel(row.uid, row.pipeline, row.fields, row.body, secrets, may_be_there))
        except Exception as error:  # noqa: BLE001 - a failure of the runtime's own uses up an attempt like any other
            logger("pipeline").error("the runtime failed at a delivery", delivery=row.uid, exc_info=error)
            return Sent("failed", reason=mask(f"the runtime failed: {type(error).__name__}: {error}"))

    def _settle(self, token: Token, taken: _Taken, sent: Sent, latency_ms: int) -> None:
        """Write what an attempt came to, and what follows from it."""
        now = self._clock.now()
        row = replace(taken.row, attempts=taken.row.attempts + 1, spent=taken.row.spent + 1)
        verdict = judge(sent, spent=row.spent, patience=self._patience, now=now)
        with self._store.write() as uow:
            if not uow.work.advance(*token, taken.work.payload):
                raise StaleClaimError(str(token))
            uow.deliveries.add_attempt(_attempt(row, now, latency_ms, sent))
            before = _circuit(uow, row)
            _keep_circuit(uow, row, before, breaker.after(before, sent, now, self._limits))
            self._conclude(uow, token, taken.work, row, verdict, now)
        if verdict.state != "delivered":
            logger("pipeline").warning(
                "a delivery did not arrive",
                delivery=row.uid,
                pipeline=row.pipeline,
                state=verdict.state,
                reason=verdict.reason,
            )

    def _conclude(
        self, uow: UnitOfWork, token: Token, work: WorkRow, row: DeliveryRow, verdict: Verdict, now: datetime
    ) -> None:
        ended: dict[str, Any] = {"state": verdict.state, "reason": verdict.reason, "next_at": verdict.next_at}
        uow.deliveries.change(row, now, attempts=row.attempts, spent=row.spent, **ended)
        if verdict.next_at is not None:
            uow.work.release(work, not_before=verdict.next_at, attempt=0)
            return
        if verdict.state == "dead":
            publish_dead(uow, replace(row, **ended), now)
        uow.work.complete(*token, state="done" if verdict.state == "delivered" else "dead")
        uow.pipelines.count(row.org_id, row.pipeline, {verdict.state: 1})

    def _keep_lost(self, uow: UnitOfWork, row: DeliveryRow) -> DeliveryRow:
        """Keep that an attempt was cut off; it uses up nothing, since nobody knows what came of it."""
        now, counted = self._clock.now(), replace(row, attempts=row.attempts + 1)
        lost = Sent("failed", reason="its worker died while it was sent; whether it arrived is not known")
        uow.deliveries.add_attempt(_attempt(counted, now, 0, lost))
        uow.deliveries.change(row, now, attempts=counted.attempts)
        return counted

    def _put_back(self, token: Token) -> None:
        with self._store.write() as uow:
            work = uow.work.get(token[0])
            if work is not None and uow.work.advance(*token, work.payload):
                uow.work.release(work, not_before=self._clock.now() + _PAUSE_AFTER_FAILURE, attempt=work.attempt)


def _attempt(row: DeliveryRow, at: datetime, latency_ms: int, sent: Sent) -> AttemptRow:
    return AttemptRow(
        org_id=row.org_id,
        connection_id=row.connection_id,
        delivery_id=row.id,
        ordinal=row.attempts,
        at=at,
        status=sent.status,
        latency_ms=latency_ms,
        excerpt=sent.excerpt,
        error=sent.reason,
    )


def circuit_name(row: DeliveryRow) -> str:
    """Return what a destination's circuit goes by: its kind and place, shortened if that is long."""
    name = f"{row.destination_type} {row.target}"
    return name if len(name) <= _LONGEST_NAME else f"{row.destination_type} {sha256(name.encode()).hexdigest()}"


def _circuit(uow: UnitOfWork, row: DeliveryRow) -> breaker.Circuit:
    """Read a destination's circuit, which nobody else changes from here on."""
    name = circuit_name(row)
    uow.lock(f"circuit {name}", row.org_id)
    return breaker.Circuit(*uow.deliveries.circuit(row.org_id, name))


def _keep_circuit(uow: UnitOfWork, row: DeliveryRow, before: breaker.Circuit, after: breaker.Circuit) -> None:
    if after != before:
        uow.deliveries.keep_circuit(row.org_id, circuit_name(row), after.failures, after.open_until)
