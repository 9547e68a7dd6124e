"""The connection that every organisation has without adding it: `rest`, by which documents come in over HTTP."""

import uuid
from datetime import datetime

from levada_runtime.foundation.ids import row_id
from levada_runtime.store.model import ConnectionRow
from levada_runtime.store.unit_of_work import UnitOfWork

REST = "rest"
"""The name of the connection, and of the connector that it stands for."""


def rest_connection(uow: UnitOfWork, org_id: int, at: datetime) -> ConnectionRow:
    """Return the organisation's connection `rest`, made now if it is the first time."""
    found = uow.connections.referred(org_id, REST)
    if found is not None:
        return found
    uow.lock("connections", org_id)
    found = uow.connections.referred(org_id, REST)
    if found is None:
        found = ConnectionRow(
            org_id=org_id,
            id=row_id(),
            uid=str(uuid.uuid4()),
            name=REST,
            connector=REST,
            settings={},
            mode="live",
            state="active",
            state_reason=None,
            created_at=at,
            updated_at=at,
        )
        uow.connections.add(found)
    return found
