"""Bearer keys: shown once, kept as a hash, compared in constant time.

A key reads `lvd_<org>_<id>_<secret>`, so that it is found without a search and a leaked one is known for what it is.
"""

import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta

from levada_runtime.access.audit import note
from levada_runtime.access.model import SCOPES, Principal
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.crypto import hash_key
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.store.failures import StoreUnavailable, is_busy
from levada_runtime.store.model import KeyRow, OrgRow
from levada_runtime.store.unit_of_work import Store

_PREFIX = "lvd"
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


class Keys:
    """Issues, verifies and revokes bearer keys."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def issue(self, org: OrgRow, name: str, scopes: Sequence[str], *, guard: bool = False) -> tuple[KeyRow, str]:
        """Make a key; the second value is the key itself, which is kept nowhere. With `guard` its syncs are guarded.

        Raises UsageFailure for a scope that does not exist.
        """
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise UsageFailure(
                f"there is no scope {unknown[0]!r}" if unknown else "a key needs a scope",
                code="unknown_scope",
                hint=f"scopes are {', '.join(SCOPES)}",
            )
        row, token = self._made(org, name, scopes, guard=guard)
        with self._store.write() as uow:
            uow.keys.add(row)
            note(uow, org.id, row.created_at, "key.issue", row.id, name=name, scopes=row.scopes, guard=guard or None)
        return row, token

    def issue_first(self, org: OrgRow, name: str, scopes: Sequence[str]) -> str | None:
        """Make the first key of this installation, and return it; None when there is one already."""
        row, token = self._made(org, name, scopes)
        with self._store.write() as uow:
            uow.lock("keys")
            if uow.keys.exist():
                return None
            uow.keys.add(row)
            note(uow, org.id, row.created_at, "key.issue", row.id, name=name, scopes=row.scopes)
        return token

    def verify(self, token: str) -> Principal | None:
        """Return who holds this key; None when nobody does or it was revoked."""
        parts = token.split("_", 3)
        place = _place(parts)
        if place is None:
            return None
        with self._store.read() as uow:
            row = uow.keys.get(*place)
        if row is None or row.revoked_at or not hmac.compare_digest(row.hash, hash_key(token)):
            return None
        self._note_use(row)
        return Principal(row.org_id, row.id, frozenset(row.scopes), row.guard)

    def of(self, org: OrgRow) -> list[KeyRow]:
        with self._store.read() as uow:
            return uow.keys.of(org.id)

    def revoke(self, org: OrgRow, key_id: str) -> None:
        """Make a key useless from now on.

        Raises NotFoundFailure.
        """
        with self._store.write() as uow:
            if uow.keys.get(org.id, key_id) is None:
                raise NotFoundFailure(f"there is no key {key_id!r}", hint="`runtime keys list` shows them")
            now = self._clock.now()
            uow.keys.revoke(org.id, key_id, now)
            note(uow, org.id, now, "key.revoke", key_id)

    def exist(self) -> bool:
        """Tell whether any key was ever made here."""
        with self._store.read() as uow:
            return uow.keys.exist()

    def _made(self, org: OrgRow, name: str, scopes: Sequence[str], *, guard: bool = False) -> tuple[KeyRow, str]:
        key_id = secrets.token_hex(4)
        token = f"{_PREFIX}_{org.id:x}_{key_id}_{secrets.token_urlsafe(32)}"
        return KeyRow(org.id, key_id, name, hash_key(token), list(scopes), self._clock.now(), guard=guard), token

    def _note_use(self, row: KeyRow) -> None:
        """Note it now and then; who calls waits for no writer, so that behind a long one a later use is noted."""
        now = self._clock.now()
        if row.last_used_at is not None and now - row.last_used_at <= _USE_IS_NOTED_EVERY:
            return
        try:
            with self._store.note(in_passing=True) as uow:
                uow.keys.used(row.org_id, row.id, now)
        except StoreUnavailable as failed:
            if not is_busy(failed):
                raise


def _place(parts: list[str]) -> tuple[int, str] | None:
    if len(parts) != 4 or parts[0] != _PREFIX:
        return None
    try:
        org_id = int(parts[1], 16)
    except ValueError:
        return None
    return (org_id, parts[2]) if 0 < org_id < 1 << 63 else None
