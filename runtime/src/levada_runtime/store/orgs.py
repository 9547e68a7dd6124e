"""Organisations and their bearer keys."""

from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.model import KeyRow, OrgRow
from levada_runtime.store.tables import api_keys, orgs


class Orgs:
    """The organisations of this installation."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def named(self, name: str) -> OrgRow | None:
        found = self._connection.execute(sa.select(orgs).where(orgs.c.name == name))
        return next(iter(read_as(OrgRow, found)), None)

    def get(self, org_id: int) -> OrgRow:
        """Return the organisation with that row id, which another row refers to."""
        found = self._connection.execute(sa.select(orgs).where(orgs.c.id == org_id))
        return read_as(OrgRow, found)[0]

    def all(self) -> list[OrgRow]:
        return read_as(OrgRow, self._connection.execute(sa.select(orgs).order_by(orgs.c.name)))

    def add(self, org: OrgRow) -> None:
        self._connection.execute(sa.insert(orgs).values(as_columns(org)))


class Keys:
    """Bearer keys, as hashes."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, key: KeyRow) -> None:
        self._connection.execute(sa.insert(api_keys).values(as_columns(key)))

    def get(self, org_id: int, key_id: str) -> KeyRow | None:
        query = sa.select(api_keys).where(api_keys.c.org_id == org_id, api_keys.c.id == key_id)
        return next(iter(read_as(KeyRow, self._connection.execute(query))), None)

    def of(self, org_id: int) -> list[KeyRow]:
        query = sa.select(api_keys).where(api_keys.c.org_id == org_id).order_by(api_keys.c.created_at)
        return read_as(KeyRow, self._connection.execute(query))

    def exist(self) -> bool:
        """Tell whether any key was ever made here."""
        return self._connection.execute(sa.select(sa.exists(sa.select(api_keys.c.id)))).scalar_one()

    def revoke(self, org_id: int, key_id: str, at: datetime) -> None:
        self._mark(org_id, key_id, revoked_at=at)

    def used(self, org_id: int, key_id: str, at: datetime) -> None:
        self._mark(org_id, key_id, last_used_at=at)

    def _mark(self, org_id: int, key_id: str, **values: datetime) -> None:
        matching = sa.update(api_keys).where(api_keys.c.org_id == org_id, api_keys.c.id == key_id)
        self._connection.execute(matching.values(**values))
