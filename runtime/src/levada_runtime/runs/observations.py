"""The end of an observed run: what it would have changed becomes a plan, and nothing else of it is kept."""

from dataclasses import replace
from typing import Any

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.pipeline.running import Running
from levada_runtime.plans.model import build_plan, masked
from levada_runtime.runs.assertions import graph_counts
from levada_runtime.runs.attempt import Attempt
from levada_runtime.runs.closing import Closing
from levada_runtime.runs.endings import check_completed, error_of
from levada_runtime.runs.replies import read_reply
from levada_runtime.store.model import PlanRow, RunRow
from levada_runtime.store.trust_model import ConnectorQuarantineRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import Token


class Observations:
    """Ends observed runs."""

    def __init__(self, store: Store, clock: Clock, closing: Closing | None = None) -> None:
        self._store = store
        self._clock = clock
        self._closing = closing or Closing()
        self._running = Running()

    def end(
        self,
        attempt: Attempt,
        token: Token | None,
        ending: dict[str, Any],
        broke_out: ConnectorQuarantineRow | None = None,
    ) -> RunRow:
        """Write the plan with the run's end; a run that no claim is for is entered only now, whole.

        A connector that broke out is put into quarantine with it.
        """
        run, plan = attempt.pager.run, self._plan(attempt)
        failed = attempt.outcome.reason
        values = {
            **ending,
            "state": "failed" if failed else "partial" if plan["rejected"] or plan["held"] else "succeeded",
            "reason": failed,
            "error": error_of(attempt.outcome) if failed else None,
            "counts": plan["summary"],
            "plan_id": plan["id"],
            **attempt.pager.http_usage(),
        }
        with self._store.write() as uow:
            uow.plans.add(PlanRow(run.org_id, run.connection_id, plan["id"], run.id, plan, self._clock.now()))
            self._write(uow, attempt, values, token)
            attempt.recorder.flush(uow, run)
            if broke_out is not None:
                uow.trust.confine(broke_out)
        return replace(run, **values)

    def _write(self, uow: UnitOfWork, attempt: Attempt, values: dict[str, Any], token: Token | None) -> None:
        run = attempt.pager.run
        if token is None:
            uow.runs.add(replace(run, **values))
            return
        uow.runs.change(run, **values)
        reply = read_reply(attempt.outcome.result)
        self._closing.close(uow, replace(run, **values), self._clock.now(), reply=reply, told=False)
        check_completed(uow.work.complete(*token))

    def _plan(self, attempt: Attempt) -> dict[str, Any]:
        run, effects = attempt.pager.run, attempt.ingest.effects
        assert effects is not None  # the run observed
        attempt.ingest.clear()
        with self._store.read() as uow:
            runners = self._running.of(uow, run.org_id)
        origin, now = attempt.ingest.origin, self._clock.now()
        deliveries = attempt.assertions.rehearse(runners, origin, effects.recorded, now)
        plan = build_plan(new_uuid(), origin, now, effects, attempt.assertions.effects, deliveries)
        plan["summary"] |= graph_counts({}, attempt.assertions.observed)
        return masked(plan, attempt.recorder.mask.unmistakable)
