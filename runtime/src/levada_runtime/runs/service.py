"""Runs from claim to end: what an attempt did is written in one transaction with its claim's completion."""

import random
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from levada import Window
from levada._cassette import Cassette
from levada_runtime.access.connections import Connections
from levada_runtime.catalog.installed import InstalledConnector
from levada_runtime.catalog.service import UNKNOWN, Catalog
from levada_runtime.catalog.trust import violation
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import RuntimeFailure, UsageFailure
from levada_runtime.foundation.logging import logger, mask
from levada_runtime.graph.snapshots import staged_for
from levada_runtime.runs.attempt import Attempt, Conductor, Subject
from levada_runtime.runs.cassettes import check_playable
from levada_runtime.runs.closing import Closing
from levada_runtime.runs.endings import check_completed, error_of, held_error
from levada_runtime.runs.pager import Progress
from levada_runtime.runs.queue import checkpoint_of, new_run, stream_key
from levada_runtime.runs.replies import read_reply
from levada_runtime.runs.retry import Verdict, judge
from levada_runtime.runs.stopping import CANCELLED
from levada_runtime.sandbox.model import Abort, Outcome
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import ConnectionRow, OrgRow, RunRow, WorkRow
from levada_runtime.store.trust_model import ConnectorQuarantineRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import StaleClaimError, Token

if TYPE_CHECKING:
    from levada_runtime.runs.observations import Observations

_LOST_AT_MOST = 3
_PARKED = timedelta(seconds=5)
_PATIENT = frozenset({"webhook", "backfill"})
"""Modes whose runs wait while their connection is paused or their connector cannot be used."""


class Runs:
    """Carries out runs in this process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        catalog: Catalog,
        connections: Connections,
        conductor: Conductor,
        closing: Closing,
    ) -> None:
        self._store = store
        self._clock = clock
        self._catalog = catalog
        self._connections = connections
        self._conductor = conductor
        self._closing = closing
        self._rng = random.Random()  # noqa: S311 - jitter, nothing secret

    @cached_property
    def _observations(self) -> "Observations":
        from levada_runtime.runs.observations import Observations  # only what observes has to do with pipelines

        return Observations(self._store, self._clock, self._closing)

    def execute(self, token: Token, progress: Progress | None = None) -> None:
        """Carry out the run that a claim is for; a claim that no longer counts is left alone."""
        found = self._begin(token)
        if found is None:
            return
        work, run = found
        try:
            self._carry_out(work, run, token, progress or _silent)
        except StaleClaimError as stale:
            logger("runs").warning("a stale claim was given up", run=run.id, why=str(stale))
        except Exception as error:  # noqa: BLE001 - the runtime's own failure ends this run, and no other
            logger("runs").error("the runtime failed at a run", run=run.id, exc_info=error)
            message = mask(f"the runtime failed: {type(error).__name__}: {error}")
            self._end_without_child(run, token, "crash", message, self._judge("crash", work))

    def observe(
        self,
        org: OrgRow,
        connection: ConnectionRow,
        stream: str,
        progress: Progress | None = None,
        *,
        window: Window | None = None,
        recording: bool = False,
        replay: Cassette | None = None,
    ) -> RunRow:
        """Run a stream, or a window of its past, to its end and commit nothing; what it would change becomes a plan.

        The run is entered with its plan, once it has ended: one that is killed leaves nothing behind. With a `replay`
        the route is given the settings, the checkpoint and the answers of the recorded run, and nobody is asked.
        """
        if replay is not None:
            check_playable(replay, connection.connector, stream)
            window = Window(*replay.window) if replay.window else None
            connection = replace(connection, settings={**connection.settings, **(replay.settings or {})})
        connector, manifest = self._catalog.ready(connection.connector)
        now = self._clock.now()
        waiting = new_run(connection, stream, now, observing=True, mode="backfill" if window else "poll")
        run = replace(
            waiting,
            state="running",
            attempt=1,
            started_at=now,
            connector_version=connector.version,
            window_from=window.start if window else None,
            window_until=window.end if window else None,
        )
        recording = (recording or connection.recording) and replay is None
        subject = Subject(org.name, connection, connector, manifest, run, None, recording, replay)
        attempt = self._conductor.conduct(subject, progress or _silent)
        broke_out = self._violation(connector, attempt.outcome, run)
        return self._observations.end(attempt, None, self._ending(attempt), broke_out)

    def check(self, org: OrgRow, connection: ConnectionRow) -> Outcome | None:
        """Run the connector's check; None when it has none."""
        connector, manifest = self._catalog.ready(connection.connector)
        if not manifest.check:
            return None
        run = new_run(connection, "check", self._clock.now(), observing=False)
        outcome = self._conductor.check(Subject(org.name, connection, connector, manifest, run, None))
        broke_out = self._violation(connector, outcome, None)
        if broke_out is not None:
            with self._store.write() as uow:
                uow.trust.confine(broke_out)
        return outcome

    def cancel(self, run: RunRow) -> None:
        """End a run that was waiting or under way in this process; its pages so far stay."""
        error = {"code": "cancelled", "message": "it was interrupted by hand", "details": {}}
        with self._store.write() as uow:
            for work in uow.work.hold_line(run.org_id, run.connection_id, stream_key(run.stream)):
                if work.payload["run"] == run.id:
                    uow.work.cancel(work)
            uow.runs.change(run, state="cancelled", error=error, finished_at=self._clock.now())

    def poll_stream(self, connection: ConnectionRow, stream: str) -> str:
        """Return the stream's key if it is one that can be run.

        Raises UsageFailure naming the streams there are.
        """
        _, manifest = self._catalog.ready(connection.connector)
        polls = [one.key for one in manifest.streams if "poll" in one.modes]
        if stream not in polls:
            raise UsageFailure(
                f"the connection {connection.name!r} has no poll stream {stream!r}",
                code="unknown_stream",
                hint=f"it has {', '.join(polls) or 'none'}",
            )
        return stream

    def _begin(self, token: Token) -> tuple[WorkRow, RunRow] | None:
        """Mark the run as running, in the claim's name."""
        with self._store.write() as uow:
            work = uow.work.get(token[0])
            if work is None or not uow.work.holds(*token):
                return None
            run = uow.runs.get(work.org_id, str(work.payload["run"]))
            if run is None:
                uow.work.complete(*token, state="dead")
                return None
            if run.mode in _PATIENT and _has_to_wait(uow, run):
                uow.work.release(work, not_before=self._clock.now() + _PARKED, attempt=work.attempt - 1)
                return None
            started: dict[str, Any] = {
                "state": "running",
                "attempt": run.attempt + 1,
                "started_at": run.started_at or self._clock.now(),
            }
            if run.attempt == 0:
                before = uow.checkpoints.of(run.org_id, run.connection_id, checkpoint_of(run))
                started |= {"checkpoint_before": before, "checkpoint_after": before}
            else:
                uow.graph_parts.drop_all(run.org_id, staged_for(run.id))
            uow.runs.change(run, **started)
        return work, replace(run, **started)

    def _carry_out(self, work: WorkRow, run: RunRow, token: Token, progress: Progress) -> None:
        try:
            subject = self._subject(run, token)
        except RuntimeFailure as failure:
            if run.mode in _PATIENT or (failure.code == UNKNOWN and work.reserved_for is None):
                self._park(work, run, failure)
            else:
                told = f"{failure.message}; {failure.hint}" if failure.hint else failure.message
                self._end_without_child(run, token, "policy", told, code=failure.code)
            return
        if subject is None:
            self._end_without_child(run, token, None, "the connection was removed")
        elif run.cancel_requested_at is not None:
            self._end_without_child(run, token, None, "it was cancelled while it ran; its pages so far stay")
        elif work.attempt > max(work.max_attempts, _LOST_AT_MOST):
            self._end_without_child(
                run, token, "worker_lost", "its workers died again and again, without a page between"
            )
        else:
            subject = replace(subject, recording=subject.connection.recording or bool(work.payload.get("record")))
            attempt = self._conductor.conduct(subject, progress)
            self._end(work, token, attempt, self._violation(subject.connector, attempt.outcome, run))

    def _park(self, work: WorkRow, run: RunRow, why: RuntimeFailure) -> None:
        """Put a run back until its connector can be used again: what was accepted or asked for is not given up."""
        logger("runs").warning(f"a {run.mode} waits for its connector", run=run.id, why=why.message)
        error = {"code": why.code, "message": why.message, "details": {}}
        with self._store.write() as uow:
            if uow.work.holds(work.id, work.fence):
                uow.runs.change(run, state="queued", attempt=run.attempt - 1, error=error)
                uow.work.release(work, not_before=self._clock.now() + _PARKED, attempt=work.attempt - 1)

    def _subject(self, run: RunRow, token: Token) -> Subject | None:
        with self._store.read() as uow:
            connection = uow.connections.get(run.org_id, run.connection_id)
            org = next(org.name for org in uow.orgs.all() if org.id == run.org_id)
        if connection is None or connection.state == "removed":
            return None
        connector, manifest = self._catalog.ready(connection.connector)
        return Subject(org, connection, connector, manifest, replace(run, connector_version=connector.version), token)

    def _end(self, work: WorkRow, token: Token, attempt: Attempt, broke_out: ConnectorQuarantineRow | None) -> None:
        outcome = attempt.outcome
        if outcome.reason == CANCELLED:
            self._cancelled(token, attempt)
            return
        if attempt.pager.run.observing:
            self._observations.end(attempt, token, self._ending(attempt), broke_out)
            return
        if outcome.reason is None:
            try:
                self._succeed(token, attempt)
            except Abort as abort:
                attempt.outcome = outcome = replace(outcome, reason=abort.reason, message=abort.message)
            else:
                return
        assert outcome.reason is not None
        tried = 1 if attempt.pager.progressed else work.attempt
        work = replace(work, attempt=tried)
        self._fail(work, token, attempt, self._judge(outcome.reason, work, outcome), broke_out)

    def _succeed(self, token: Token, attempt: Attempt) -> None:
        pager = attempt.pager
        with self._store.write() as uow:
            ended = pager.finish(uow, **self._ending(attempt))
            held = held_error(attempt.assertions.all_held)
            state = "partial" if ended.counts.get("failed") or held else "succeeded"
            values: dict[str, Any] = {"state": state, "reason": None, "error": held}
            uow.runs.change(ended, **values)
            reply = read_reply(attempt.outcome.result)
            self._closing.close(uow, replace(ended, **values), self._clock.now(), reply=reply)
            check_completed(uow.work.complete(*token))

    def _cancelled(self, token: Token, attempt: Attempt) -> None:
        """End a run that somebody cancelled; what it had not committed is dropped, and an observed one has no plan."""
        ending = {**self._ending(attempt), "state": CANCELLED, "reason": None, "error": error_of(attempt.outcome)}
        pager = attempt.pager
        with self._store.write() as uow:
            if pager.run.observing:
                ending |= pager.http_usage()
                uow.runs.change(pager.run, **ending)
                attempt.recorder.flush(uow, pager.run)
                ended = replace(pager.run, **ending)
            else:
                ended = pager.drop(uow, **ending)
            self._closing.close(uow, ended, self._clock.now())
            check_completed(uow.work.complete(*token, state="dead"))

    def _fail(
        self,
        work: WorkRow,
        token: Token,
        attempt: Attempt,
        verdict: Verdict,
        broke_out: ConnectorQuarantineRow | None,
    ) -> None:
        outcome, now = attempt.outcome, self._clock.now()
        attempt.recorder.log("error", f"{outcome.reason}: {outcome.message}")
        ending = {**self._ending(attempt), "reason": outcome.reason, "error": error_of(outcome)}
        if verdict.again:
            ending |= {"state": "queued", "finished_at": None}
        else:
            ending |= {"state": "failed"}
        with self._store.write() as uow:
            ended = attempt.pager.drop(uow, **ending)
            if verdict.again:
                counted = work.attempt if verdict.counts else work.attempt - 1
                uow.work.release(work, not_before=now + verdict.pause, attempt=counted)
            else:
                self._closing.close(uow, ended, now)
                check_completed(uow.work.complete(*token, state="dead"))
            if broke_out is not None:
                uow.trust.confine(broke_out)
            if outcome.reason == "auth":
                self._mark_attention(uow, attempt.pager.run, outcome.message or "the source refused the credentials")

    def _judge(self, reason: str, work: WorkRow, outcome: Outcome | None = None) -> Verdict:
        return judge(
            reason,
            retryable=bool(outcome and outcome.retryable),
            wait=outcome.wait if outcome else None,
            attempt=work.attempt,
            allowed=work.max_attempts,
            rng=self._rng,
        )

    def _end_without_child(
        self,
        run: RunRow,
        token: Token,
        reason: str | None,
        message: str,
        verdict: Verdict | None = None,
        code: str | None = None,
    ) -> None:
        """Write the end of an attempt that no child lived to tell of; without a reason the run is cancelled."""
        now = self._clock.now()
        error = {"code": code or reason or "cancelled", "message": message, "details": {}}
        again = verdict is not None and verdict.again
        state = "queued" if again else "failed" if reason else "cancelled"
        with self._store.write() as uow:
            work = uow.work.get(token[0])
            values: dict[str, Any] = {"state": state, "reason": reason, "error": error}
            uow.runs.change(run, **values, finished_at=None if again else now)
            uow.graph_parts.drop_all(run.org_id, staged_for(run.id))
            if again and verdict and work and uow.work.holds(*token):
                uow.work.release(work, not_before=now + verdict.pause, attempt=work.attempt)
            else:
                self._closing.close(uow, replace(run, **values, finished_at=now), now)
                check_completed(uow.work.complete(*token, state="dead"))

    def _ending(self, attempt: Attempt) -> dict[str, Any]:
        return {
            "finished_at": self._clock.now(),
            "sandbox_level": attempt.outcome.level,
            "sandbox_layers": dict(attempt.outcome.layers) or None,
            "connector_version": attempt.pager.run.connector_version,
        }

    def _violation(
        self, connector: InstalledConnector, outcome: Outcome, run: RunRow | None
    ) -> ConnectorQuarantineRow | None:
        """Return the quarantine that an attempt's end demands; without a run it was the connector's check."""
        return violation(
            key=connector.key,
            source_hash=connector.source_hash,
            version=connector.version,
            reason=outcome.reason,
            message=outcome.message,
            during=run.mode if run else "check",
            run_id=run.id if run else None,
            at=self._clock.now(),
        )

    def _mark_attention(self, uow: Any, run: RunRow, why: str) -> None:
        where = (run.org_id, run.connection_id, self._clock.now())
        uow.connections.change(*where, state="needs_attention", state_reason=why)


def _has_to_wait(uow: UnitOfWork, run: RunRow) -> bool:
    """Tell whether a run waits: its connection is paused or needs attention, or its stream is paused."""
    connection = uow.connections.get(run.org_id, run.connection_id)
    if connection is None or connection.state == REMOVED:
        return False
    streams = uow.streams.of(run.org_id, run.connection_id)
    return connection.state != "active" or any(one.paused for one in streams if one.stream == run.stream)


def _silent(_run: RunRow) -> None:
    """Nobody watches."""
