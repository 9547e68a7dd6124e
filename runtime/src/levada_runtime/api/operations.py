"""What an operator asks about and does: runs and plans; cancelling, retrying and undoing runs, applying plans."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from levada_runtime.api.auth import Uses, org_with
from levada_runtime.api.documents import Cursor, Limit, Text
from levada_runtime.api.envelopes import READING, READING_ONE, Json, ListOf, One, Refusal, page, refusals
from levada_runtime.plans.apply import PlanMovedFailure
from levada_runtime.store.model import OrgRow

Operates = Annotated[OrgRow, Depends(org_with("operate"))]
Partial = Annotated[bool, Query(description="Apply the rest where some records have moved.")]

router = APIRouter(prefix="/v1", tags=["operations"])
_REVERTING = refusals(401, 403, 404, s422="The run is under way, or only observed.")
_CANCELLING = refusals(401, 403, 404, s422="The run has ended.")
_RETRYING = refusals(401, 403, 404, s422="The run is under way, succeeded, or its connection was removed.")
_APPLYING = refusals(
    401,
    403,
    404,
    s409="What it was made of has moved since; `details` names every record. Nothing was written.",
    s422="It can never be applied: it is not whole, or its connection was removed.",
)
_LISTING = refusals(401, 403, 422, s404="There is no such connection.")


@router.get("/runs", responses=_LISTING)
def list_runs(
    org: Operates,
    services: Uses,
    limit: Limit = 50,
    cursor: Cursor = None,
    connection: Text = None,
    state: Text = None,
    backfill: Text = None,
) -> ListOf[Json]:
    """Runs, newest first."""
    found = services.runs.runs(org, connection=connection, state=state, backfill=backfill, limit=limit, cursor=cursor)
    return page(found.items, limit, found.cursor)


@router.get("/runs/{run_id}", responses=READING_ONE)
def read_run(org: Operates, services: Uses, run_id: str) -> One[Json]:
    """A run with its counts."""
    return One(id=run_id, object="run", data=services.runs.run(org, run_id))


@router.get("/runs/{run_id}/logs", responses=READING_ONE)
def read_logs(org: Operates, services: Uses, run_id: str) -> ListOf[Json]:
    """What a run said, in order."""
    found = services.runs.logs(org, run_id)
    return page(found, len(found), None)


@router.get("/runs/{run_id}/exchanges", responses=READING_ONE)
def read_exchanges(org: Operates, services: Uses, run_id: str) -> ListOf[Json]:
    """The HTTP exchanges of a run, without query or secret."""
    found = services.runs.exchanges(org, run_id)
    return page(found, len(found), None)


@router.get("/runs/{run_id}/cassette", responses=READING_ONE)
def read_cassette(org: Operates, services: Uses, run_id: str) -> One[Json]:
    """The HTTP of a recorded run, without credentials: what `runtime runs capture` writes into a file."""
    cassette = services.cassettes.of(org, run_id)
    return One(id=run_id, object="cassette", data=cassette.model_dump(mode="json", exclude_none=True))


@router.post("/runs/{run_id}/cancel", status_code=202, responses=_CANCELLING)
def cancel_run(org: Operates, services: Uses, run_id: str) -> One[Json]:
    """End a run: one that waits at once, one that is under way at the next question of its connector."""
    services.cancellations.cancel(org, run_id)
    return One(id=run_id, object="run", data=services.runs.run(org, run_id))


@router.post("/runs/{run_id}/retry", status_code=202, responses=_RETRYING)
def retry_run(org: Operates, services: Uses, run_id: str) -> One[Json]:
    """Try once more what a run was for: the answer is the run that does it."""
    entered = services.retries.retry(org, run_id)
    return One(id=entered, object="run", data=services.runs.run(org, entered))


@router.post("/runs/{run_id}/revert", responses=_REVERTING)
def revert_run(org: Operates, services: Uses, run_id: str) -> One[Json]:
    """Undo what a run did, record by record; what somebody changed since is listed and left alone."""
    return One(id=run_id, object="revert", data=services.reverts.revert(org, run_id))


@router.get("/plans", responses=READING)
def list_plans(org: Operates, services: Uses, limit: Limit = 50, cursor: Cursor = None) -> ListOf[Json]:
    """Plans, newest first, without what they hold."""
    found = services.runs.plans(org, limit=limit, cursor=cursor)
    return page(found.items, limit, found.cursor)


@router.post("/plans/{plan_id}/apply", responses=_APPLYING)
def apply_plan(org: Operates, services: Uses, plan_id: str, partial: Partial = False) -> One[Json]:
    """Do what an observed run would have done, where nothing has moved since; the second time nothing is done."""
    try:
        applied = services.plans.apply(org, plan_id, partial=partial)
    except PlanMovedFailure as moved:
        raise Refusal(409, moved.code, moved.message, details=moved.details["refused"]) from None
    return One(id=plan_id, object="applied_plan", data=applied)


@router.get("/plans/{plan_id}", responses=READING_ONE)
def read_plan(org: Operates, services: Uses, plan_id: str) -> One[Json]:
    """What an observed run would have changed."""
    return One(id=plan_id, object="plan", data=services.runs.plan(org, plan_id))
