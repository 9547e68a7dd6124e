"""Organisations. The one called `default` is there from the first start."""

import re

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import row_id
from levada_runtime.store.model import OrgRow
from levada_runtime.store.unit_of_work import Store

DEFAULT = "default"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Orgs:
    """Creates and finds organisations."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[int, OrgRow] = {}
        """Nothing changes an organisation once it is there, or takes it away."""

    def create(self, name: str) -> OrgRow:
        """Create an organisation.

        Raises UsageFailure when the name cannot be one or is taken.
        """
        if not _NAME.fullmatch(name):
            raise UsageFailure(
                f"{name!r} cannot name an organisation",
                code="invalid_name",
                hint="lower-case letters, digits, - and _; at most 63",
            )
        with self._store.write() as uow:
            uow.lock("orgs")
            if uow.orgs.named(name):
                raise UsageFailure(f"there is an organisation {name!r} already", code="name_taken")
            org = OrgRow(row_id(), name, self._clock.now())
            uow.orgs.add(org)
            note(uow, org.id, org.created_at, "org.create", name)
        return org

    def ensure_default(self) -> OrgRow:
        """Return the default organisation, made now if this is the first start."""
        with self._store.read() as uow:
            found = uow.orgs.named(DEFAULT)
        if found:
            return found
        with self._store.write() as uow:
            uow.lock("orgs")
            found = uow.orgs.named(DEFAULT)
            if not found:
                found = OrgRow(row_id(), DEFAULT, self._clock.now())
                uow.orgs.add(found)
        return found

    def get(self, name: str) -> OrgRow:
        """Return the organisation of that name.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            found = uow.orgs.named(name)
        if found is None:
            raise NotFoundFailure(f"there is no organisation {name!r}", hint="`runtime orgs list` shows them")
        return found

    def of(self, org_id: int) -> OrgRow:
        """Return the organisation with that row id, which a key or a row refers to."""
        if org_id not in self._known:
            with self._store.read() as uow:
                self._known[org_id] = uow.orgs.get(org_id)
        return self._known[org_id]

    def all(self) -> list[OrgRow]:
        with self._store.read() as uow:
            return uow.orgs.all()
