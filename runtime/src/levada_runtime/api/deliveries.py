"""Deliveries: listed with their reason, shown with every attempt, sent again."""

from fastapi import APIRouter

from levada_runtime.api.auth import Uses
from levada_runtime.api.documents import Cursor, Limit, Text
from levada_runtime.api.envelopes import READING, READING_ONE, Json, ListOf, One, page, refusals
from levada_runtime.api.operations import Operates

router = APIRouter(prefix="/v1/deliveries", tags=["pipelines"])


@router.get("", responses=READING)
def list_deliveries(
    org: Operates,
    services: Uses,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Text = None,
    pipeline: Text = None,
) -> ListOf[Json]:
    """Deliveries, newest first."""
    found = services.deliveries.page(org, state=state, pipeline=pipeline, limit=limit, cursor=cursor)
    return page(found.items, limit, found.cursor)


@router.get("/{delivery_id}", responses=READING_ONE)
def read_delivery(org: Operates, services: Uses, delivery_id: str) -> One[Json]:
    """A delivery with its body and every attempt."""
    return One(id=delivery_id, object="delivery", data=services.deliveries.get(org, delivery_id))


@router.post(
    "/{delivery_id}/replay",
    status_code=202,
    responses=refusals(401, 403, 404, s422="The delivery is still under way."),
)
def replay_delivery(org: Operates, services: Uses, delivery_id: str) -> One[Json]:
    """Send a delivery's stored body again, under its id."""
    return One(id=delivery_id, object="delivery", data=services.deliveries.replay(org, delivery_id))
