"""The intake of webhooks: what was verified is committed before it is answered, many deliveries with one commit.

One thread commits for all who wait. A receipt stands with its run and its work in one transaction, so whatever happens
after the answer, the delivery is carried out. A paused connection, or one that needs attention, goes on taking
receipts: they wait until it is active again.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from levada_runtime.access.signatures import Refused, is_one_of, live_secrets, verify
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.config import WebhookSettings
from levada_runtime.foundation.ids import new_uuid, stay_above
from levada_runtime.foundation.logging import logger
from levada_runtime.runs.doors import Door, Doors, TurnedAway
from levada_runtime.runs.queue import new_run, webhook_key
from levada_runtime.runs.receiving import (
    Identity,
    challenge_in,
    hidden_headers,
    hub_challenge,
    identify,
    is_the_same,
    kept_headers,
)
from levada_runtime.store.receipts import Entry
from levada_runtime.store.receipts_model import EarlierReceipt, ReceiptRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import new_work

BATCH = 200
RETRY_AFTER_S = 10
_LOOK_AGAIN_S = 1.0
RECEIVED = "received"
_Line = tuple[int, int, str]
"""An organisation's connection, and its stream."""
_Known = dict[tuple[_Line, str], EarlierReceipt]
"""The newest receipt by its line and the key under which a second one is found."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A delivery that is kept: the receipt to answer with, and whether it had been kept before."""

    org_id: int
    receipt_id: str
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Challenge:
    """A handshake that is answered and not kept."""

    challenge: str


@dataclass(slots=True)
class _Waiting:
    """A verified delivery on its way into the store."""

    door: Door
    identity: Identity
    receipt_id: str
    received_at: datetime
    headers: dict[str, str]
    params: dict[str, str]
    body: bytes
    answer: "Future[Accepted]" = field(default_factory=Future)

    @property
    def line(self) -> _Line:
        """What the delivery stands in line with."""
        return self.door.connection.org_id, self.door.connection.id, self.door.stream.key

    @property
    def as_earlier(self) -> EarlierReceipt:
        """What a second one of it is held against."""
        _, connection_id, stream = self.line
        return EarlierReceipt(connection_id, stream, self.identity.key, self.receipt_id, self.received_at)


class Intake:
    """Takes webhooks in; close it when nothing more will come."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        doors: Doors,
        settings: WebhookSettings,
        attempts: int,
    ) -> None:
        self.doors = doors
        self.on_commit: Callable[[], None] = _nobody_waits
        self._store = store
        self._clock = clock
        self._settings = settings
        self._attempts = attempts
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._at_most: dict[_Line, int] = {}
        self._looked_again: dict[_Line, float] = {}
        self._committer: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def max_body(self) -> int:
        """The largest body that is taken, in bytes."""
        return self._settings.max_body

    def receive(
        self, door: Door, headers: Mapping[str, str], params: Mapping[str, str], body: bytes
    ) -> "Future[Accepted] | Challenge":
        """Verify a delivery and put it in line to be committed; the future is done once it is.

        Raises TurnedAway 401; the future does so when too many wait (429) or the store fails (503).
        """
        now = self._clock.now()
        assert door.stream.verify is not None
        verdict = verify(door.stream.verify, door.values, headers, body, now)
        if isinstance(verdict, Refused):
            self._note(door, verdict.reason)
            raise TurnedAway(401, verdict.reason, "the webhook does not prove where it comes from")
        challenge = challenge_in(door.stream, body)
        if challenge is not None:
            return Challenge(challenge)
        kept, receipt_id = kept_headers(headers), new_uuid()
        identity = identify(door.stream, kept, body, receipt_id)
        waiting = _Waiting(door, identity, receipt_id, now, kept, dict(params), body)
        waiting.answer.set_running_or_notify_cancel()
        self._begin()
        self._waiting.put(waiting)
        return waiting.answer

    def challenge(self, door: Door, params: Mapping[str, str]) -> Challenge:
        """Answer a `hub.challenge`, if its verify token is a live secret of the connection.

        Raises TurnedAway: 405 where no such handshake is declared, 401 when the token is wrong.
        """
        scheme = door.stream.verify
        if getattr(scheme, "handshake", None) != "hub.challenge":
            raise TurnedAway(405, "method_not_allowed", "webhooks are sent with POST")
        secrets = live_secrets(door.values.get(getattr(scheme, "handshake_secret", None) or ""))
        challenge = hub_challenge(params)
        if challenge is None or not is_one_of(params.get("hub.verify_token", ""), secrets):
            self._note(door, "signature_mismatch")
            raise TurnedAway(401, "signature_mismatch", "the handshake does not prove where it comes from")
        return Challenge(challenge)

    def reply_to(self, accepted: Accepted) -> dict[str, Any] | None:
        """Return what the route replied; None when it has not, or not yet.

        Raises LookupError when it never will.
        """
        with self._store.read() as uow:
            receipt = uow.receipts.get(accepted.org_id, accepted.receipt_id)
        if receipt is None or (receipt.state != RECEIVED and receipt.reply is None):
            raise LookupError(accepted.receipt_id)
        return receipt.reply if receipt.state != RECEIVED else None

    def close(self) -> None:
        """Commit what waits, and end the committer."""
        with self._lock:
            committer, self._committer = self._committer, None
        if committer is not None:
            self._waiting.put(None)
            committer.join()

    def _begin(self) -> None:
        if self._committer is None:
            with self._lock:
                if self._committer is None:
                    self._committer = threading.Thread(target=self._serve, name="webhooks", daemon=True)
                    self._committer.start()

    def _serve(self) -> None:
        ended = False
        while not ended:
            first = self._waiting.get()
            batch = [] if first is None else [first, *self._rest()]
            ended = first is None
            if batch:
                self._commit(batch)

    def _rest(self) -> list[_Waiting]:
        """Take along whoever came while the last commit went on."""
        taken: list[_Waiting] = []
        while len(taken) < BATCH - 1:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                self._waiting.put(None)
                break
            taken.append(waiting)
        return taken

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch and answer each; when it fails, each is tried alone, so that one cannot spoil the others."""
        try:
            with self._store.write(first=True) as uow:
                answers = self._enter(uow, batch)
        except Exception as error:  # noqa: BLE001 - whatever the store says, every waiting source needs an answer
            if len(batch) > 1:
                for waiting in batch:
                    self._commit([waiting])
                return
            logger("webhooks").error("a webhook could not be kept", exc_info=error)
            message = "the webhook could not be kept; send it again"
            batch[0].answer.set_exception(TurnedAway(503, "store_unavailable", message, retry_after=RETRY_AFTER_S))
            return
        if any(waiting.door.stream.reply for waiting in batch):
            self.on_commit()  # somebody waits for the route; other receipts are found at the next look for work
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, TurnedAway):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)

    def _enter(self, uow: UnitOfWork, batch: Sequence[_Waiting]) -> list[Accepted | TurnedAway]:
        """Enter what is new; nobody else decides on the same streams before this unit of work ends."""
        lines: dict[_Line, list[_Waiting]] = {}
        for waiting in batch:
            lines.setdefault(waiting.line, []).append(waiting)
        answers: dict[str, Accepted | TurnedAway] = {}
        entries: list[Entry] = []
        uow.lock_all([(f"receipts/{stream}", org_id, connection_id) for org_id, connection_id, stream in lines])
        known = _known(uow, lines)
        for arrived in lines.values():
            entries += self._enter_line(uow, arrived, known, answers)
        uow.receipts.enter(entries)
        return [answers[waiting.receipt_id] for waiting in batch]

    def _enter_line(
        self, uow: UnitOfWork, arrived: list[_Waiting], known: _Known, answers: dict[str, Accepted | TurnedAway]
    ) -> list[Entry]:
        line = arrived[0].line
        room = self._room(uow, arrived)
        self._keep_in_line(uow, line)
        entries: list[Entry] = []
        for waiting in arrived:
            earlier = known.get((line, waiting.identity.key))
            if earlier is not None and is_the_same(waiting.identity, earlier, waiting.received_at):
                answers[waiting.receipt_id] = Accepted(line[0], earlier.id, duplicate=True)
            elif len(entries) >= room:
                answers[waiting.receipt_id] = TurnedAway(
                    429, "too_many_waiting", "too many webhooks of this stream wait already", retry_after=RETRY_AFTER_S
                )
            else:
                entries.append(self._entry(waiting))
                known[line, waiting.identity.key] = waiting.as_earlier
                answers[waiting.receipt_id] = Accepted(line[0], waiting.receipt_id, duplicate=False)
        return entries

    def _keep_in_line(self, uow: UnitOfWork, line: _Line) -> None:
        """Have what comes now stand behind what waits, even if the clock was put back since that came.

        Within this process it does anyway; it is what another one took in that has to be looked for, now and then.
        """
        now = time.monotonic()
        if now >= self._looked_again.get(line, now):
            org_id, connection_id, stream = line
            stay_above(uow.work.last_of(org_id, connection_id, webhook_key(stream)))
            self._looked_again[line] = now + _LOOK_AGAIN_S

    def _room(self, uow: UnitOfWork, arrived: list[_Waiting]) -> int:
        """Return how many of these may be taken; what waits is counted only when it may have become too much."""
        line, most = arrived[0].line, self._settings.max_waiting
        if self._at_most.get(line, most) + len(arrived) > most:
            org_id, connection_id, stream = line
            self._at_most[line] = uow.receipts.waiting(org_id, connection_id, webhook_key(stream), most)
        room = most - self._at_most[line]
        self._at_most[line] += len(arrived)
        return room

    def _entry(self, waiting: _Waiting) -> Entry:
        connection, stream, now = waiting.door.connection, waiting.door.stream, waiting.received_at
        observing = connection.mode == "observe"
        run = new_run(connection, stream.key, now, observing=observing, mode="webhook", receipt_id=waiting.receipt_id)
        work = new_work(
            org_id=run.org_id,
            connection_id=run.connection_id,
            kind="webhook",
            key=webhook_key(stream.key),
            payload={"run": run.id},
            now=now,
            max_attempts=self._attempts,
        )
        receipt = ReceiptRow(
            org_id=run.org_id,
            connection_id=run.connection_id,
            id=waiting.receipt_id,
            stream=stream.key,
            delivery_id=waiting.identity.delivery_id,
            dedupe_key=waiting.identity.key,
            received_at=now,
            headers=waiting.headers,
            hidden=hidden_headers(stream, waiting.headers),
            params=waiting.params,
            size=len(waiting.body),
            state=RECEIVED,
            run_id=run.id,
        )
        return receipt, waiting.body, run, work

    @staticmethod
    def _note(door: Door, reason: str) -> None:
        """Tell the operator, not the caller, which connection was addressed by whom it does not know."""
        connection = door.connection
        logger("webhooks").warning(
            "a webhook was refused", connection=connection.name, stream=door.stream.key, reason=reason
        )


def _known(uow: UnitOfWork, lines: Mapping[_Line, Sequence[_Waiting]]) -> _Known:
    """Look up what arrived before under the keys of these deliveries, with one question an organisation."""
    known: _Known = {}
    for org_id in {line[0] for line in lines}:
        places = {(*line[1:], one.identity.key) for line, of in lines.items() if line[0] == org_id for one in of}
        for one in uow.receipts.known(org_id, places):
            known[(org_id, one.connection_id, one.stream), one.dedupe_key] = one
    return known


def _nobody_waits() -> None:
    """Nobody is told of new work; whoever looks for it finds it."""
