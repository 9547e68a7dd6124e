"""Sealed secrets of organisations, which the destinations of their pipelines name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.tables import org_secrets


@dataclass(frozen=True, slots=True)
class OrgSecretRow:
    """A secret as it is kept: sealed."""

    org_id: int
    name: str
    sealed: bytes
    updated_at: datetime


class OrgSecrets:
    """The secrets of all organisations; each question names one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of(self, org_id: int) -> list[OrgSecretRow]:
        query = sa.select(org_secrets).where(org_secrets.c.org_id == org_id).order_by(org_secrets.c.name)
        return read_as(OrgSecretRow, self._connection.execute(query))

    def named(self, org_id: int, names: Sequence[str]) -> list[OrgSecretRow]:
        """Return those of these names that there are."""
        query = sa.select(org_secrets).where(org_secrets.c.org_id == org_id, org_secrets.c.name.in_(names))
        return read_as(OrgSecretRow, self._connection.execute(query))

    def keep(self, row: OrgSecretRow) -> None:
        self.forget(row.org_id, row.name)
        self._connection.execute(sa.insert(org_secrets).values(as_columns(row)))

    def everywhere(self) -> list[OrgSecretRow]:
        """Return the secrets of every organisation."""
        return read_as(OrgSecretRow, self._connection.execute(sa.select(org_secrets)))

    def seal_anew(self, row: OrgSecretRow, after: bytes) -> bool:
        """Put a sealed value in the place of the row's; False when that is not there any more."""
        same = org_secrets.c.org_id == row.org_id, org_secrets.c.name == row.name, org_secrets.c.sealed == row.sealed
        return self._connection.execute(sa.update(org_secrets).where(*same).values(sealed=after)).rowcount == 1

    def forget(self, org_id: int, name: str) -> bool:
        """Take a secret away; False when there was none."""
        gone = sa.delete(org_secrets).where(org_secrets.c.org_id == org_id, org_secrets.c.name == name)
        return bool(self._connection.execute(gone).rowcount)
