"""Reading what an operator asks about: connections, runs, plans and the quarantine."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from levada_runtime.access.views import connection_view
from levada_runtime.api.auth import Uses, org_with
from levada_runtime.api.documents import Cursor, Limit, Text
from levada_runtime.api.envelopes import READING_ONE, Json, ListOf, One, page, refusals
from levada_runtime.store.model import OrgRow

Operates = Annotated[OrgRow, Depends(org_with("operate"))]

router = APIRouter(prefix="/v1", tags=["operations"])
_ALL = refusals(401, 403)
_LISTING = refusals(401, 403, 422, s404="There is no such connection.")


@router.get("/connections", responses=_ALL)
def list_connections(org: Operates, services: Uses) -> ListOf[Json]:
    """The organisation's connections."""
    found = [_connection(services, row) for row in services.connections.of(org)]
    return page(found, len(found), None)


@router.get("/connections/{connection}", responses=READING_ONE)
def read_connection(org: Operates, services: Uses, connection: str) -> One[Json]:
    """A connection by its name or id."""
    row = services.connections.get(org, connection)
    return One(id=row.uid, object="connection", data=_connection(services, row))


@router.get("/runs", responses=_LISTING)
def list_runs(
    org: Operates,
    services: Uses,
    limit: Limit = 50,
    cursor: Cursor = None,
    connection: Text = None,
    state: Text = None,
) -> ListOf[Json]:
    """Runs, newest first."""
    found = services.runs.runs(org, connection=connection, state=state, limit=limit, cursor=cursor)
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


@router.get("/plans/{plan_id}", responses=READING_ONE)
def read_plan(org: Operates, services: Uses, plan_id: str) -> One[Json]:
    """What an observed run would have changed."""
    return One(id=plan_id, object="plan", data=services.runs.plan(org, plan_id))


def _connection(services: Any, row: Any) -> Json:
    return connection_view(row, services.connections.streams(row), services.connections.secret_names(row))
