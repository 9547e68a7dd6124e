"""The audit log: every deed of an operator, by the command line and by the API, in the transaction that does it.

What is noted is who, what, to what and when, and the names of what was changed; never a secret, and no value of a
setting. Documents and entities that are written are not here: their provenance tells of them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from levada_runtime.foundation.acting import acting
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.foundation.ids import row_id
from levada_runtime.foundation.logging import mask
from levada_runtime.store.audit_model import AuditRow
from levada_runtime.store.model import OrgRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

Action = Literal[
    "backfill.begin",
    "backfill.cancel",
    "backfill.resume",
    "connection.add",
    "connection.change",
    "connection.remove",
    "connection.state",
    "connector.approve",
    "database.backup",
    "database.prune",
    "delivery.replay",
    "graph.project",
    "held.approve",
    "held.discard",
    "key.issue",
    "key.revoke",
    "org.create",
    "pipeline.deploy",
    "pipeline.state",
    "plan.apply",
    "priority.clear",
    "priority.set",
    "quarantine.discard",
    "quarantine.replay",
    "receipt.replay",
    "run.cancel",
    "run.retry",
    "run.revert",
    "run.start",
    "secret.remove",
    "secret.rotate",
    "secret.set",
    "stream.accept_scheme",
    "stream.change",
    "stream.reset",
    "stream.state",
]
ACTIONS: tuple[str, ...] = get_args(Action)


def note(uow: UnitOfWork, org_id: int, at: datetime, action: Action, subject: str, **details: Any) -> None:
    """Write down what is being done in this unit of work, and who does it; `details` are names and counts alone."""
    known = {name: _masked(value) for name, value in details.items() if value is not None}
    uow.audit.add(AuditRow(org_id, row_id(), at, acting(), action, mask(subject), known))


class AuditLog:
    """Reads the deeds that were done in one organisation at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(
        self,
        org: OrgRow,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return deeds, newest first, and where the list goes on; `connection.` is every action on connections.

        Raises UsageFailure for an action that there is not, or a cursor that no list gave.
        """
        if action is not None and not any(one == action or _is_kind(action, one) for one in ACTIONS):
            raise UsageFailure(
                f"there is no action {action!r}", code="unknown_action", hint=f"actions are {', '.join(ACTIONS)}"
            )
        with self._store.read() as uow:
            rows = uow.audit.page_of(
                org.id,
                actor=actor,
                action=action,
                subject=subject,
                since=since,
                before=_read_cursor(cursor),
                limit=limit + 1,
            )
        following = str(rows[limit - 1].id) if len(rows) > limit else None
        return [audit_view(row) for row in rows[:limit]], following


def audit_view(row: AuditRow) -> dict[str, Any]:
    """Return a deed in the shape that scripts may rely on."""
    return {
        "id": str(row.id),
        "at": row.at.isoformat(),
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "details": row.details,
    }


def _is_kind(asked: str, action: str) -> bool:
    return asked.endswith(".") and action.startswith(asked)


def _read_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) >= 1 << 63:
        raise UsageFailure("the cursor is not one that a list gave", code="invalid_cursor")
    return int(cursor)


def _masked(value: Any) -> Any:
    """Return a detail without any secret that this process has met: a name may hold one by an operator's slip."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: _masked(one) for name, one in value.items()}
    return [_masked(one) for one in value] if isinstance(value, list | tuple) else value
