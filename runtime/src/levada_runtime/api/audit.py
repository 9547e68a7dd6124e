"""The audit log: what operators of the organisation did, for those who administer it."""

from fastapi import APIRouter

from levada_runtime.api.auth import Uses
from levada_runtime.api.connectors import Administers
from levada_runtime.api.documents import Cursor, Limit, Text, UpdatedSince
from levada_runtime.api.envelopes import READING, Json, ListOf, page

router = APIRouter(prefix="/v1/audit", tags=["operations"])


@router.get("", responses=READING)
def list_audit(
    org: Administers,
    services: Uses,
    limit: Limit = 50,
    cursor: Cursor = None,
    actor: Text = None,
    action: Text = None,
    subject: Text = None,
    since: UpdatedSince = None,
) -> ListOf[Json]:
    """Who did what to what, newest first; `action` may be a kind, as in `connection.`."""
    items, following = services.audit.page(
        org, actor=actor, action=action, subject=subject, since=since, limit=limit, cursor=cursor
    )
    return page(items, limit, following)
