"""Receipts of webhooks: listed, shown without what proves them, replayed."""

from fastapi import APIRouter

from levada_runtime.api.auth import Uses
from levada_runtime.api.documents import Cursor, Limit, Text
from levada_runtime.api.envelopes import READING_ONE, Json, ListOf, One, page, refusals
from levada_runtime.api.operations import Operates

router = APIRouter(prefix="/v1/receipts", tags=["operations"])
_LISTING = refusals(401, 403, 422, s404="There is no such connection.")
_REPLAYING = refusals(401, 403, 404, s422="The receipt waits for a run already, or its connection was removed.")


@router.get("", responses=_LISTING)
def list_receipts(
    org: Operates,
    services: Uses,
    limit: Limit = 50,
    cursor: Cursor = None,
    connection: Text = None,
    stream: Text = None,
    state: Text = None,
) -> ListOf[Json]:
    """Receipts, newest first."""
    found = services.receipts.receipts(
        org, connection=connection, stream=stream, state=state, limit=limit, cursor=cursor
    )
    return page(found.items, limit, found.cursor)


@router.get("/{receipt_id}", responses=READING_ONE)
def read_receipt(org: Operates, services: Uses, receipt_id: str) -> One[Json]:
    """A receipt with its headers and its body."""
    return One(id=receipt_id, object="receipt", data=services.receipts.receipt(org, receipt_id))


@router.post("/{receipt_id}/replay", status_code=202, responses=_REPLAYING)
def replay_receipt(org: Operates, services: Uses, receipt_id: str) -> One[Json]:
    """Carry a receipt out once more."""
    return One(id=receipt_id, object="receipt", data=services.receipts.replay(org, receipt_id))
