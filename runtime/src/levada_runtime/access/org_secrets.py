"""Secrets of an organisation, which destinations of its pipelines name: sealed at rest, opened for sending alone."""

import re
from collections.abc import Iterable
from typing import Any

from levada_runtime.access.audit import note
from levada_runtime.access.places import org_place
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.logging import hide
from levada_runtime.store.model import OrgRow
from levada_runtime.store.org_secrets import OrgSecretRow
from levada_runtime.store.unit_of_work import Store

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


class OrgSecrets:
    """Keeps, lists and opens the secrets of organisations."""

    def __init__(self, store: Store, clock: Clock, keyring: Keyring) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring

    def set(self, org: OrgRow, name: str, value: str) -> None:
        """Keep a secret under a name; one that was there is replaced.

        Raises UsageFailure when the name cannot be one or the value is empty.
        """
        hide([value])
        if not _NAME.fullmatch(name):
            raise UsageFailure(
                f"{name!r} cannot name a secret", code="invalid_name", hint="letters, digits, . - and _; at most 63"
            )
        if not value:
            raise UsageFailure(f"the secret {name!r} is empty", code="invalid_secret")
        sealed = self._keyring.seal(value, org_place(org.id, name))
        with self._store.write() as uow:
            uow.lock("org secrets", org.id)
            now = self._clock.now()
            uow.org_secrets.keep(OrgSecretRow(org.id, name, sealed, now))
            note(uow, org.id, now, "secret.set", name)

    def of(self, org: OrgRow) -> list[dict[str, Any]]:
        """Return the names, and when each was set; never a value."""
        with self._store.read() as uow:
            return [{"name": row.name, "updated_at": row.updated_at.isoformat()} for row in uow.org_secrets.of(org.id)]

    def remove(self, org: OrgRow, name: str) -> None:
        """Take a secret away.

        Raises NotFoundFailure.
        """
        with self._store.write() as uow:
            if not uow.org_secrets.forget(org.id, name):
                raise NotFoundFailure(f"there is no secret {name!r}", hint="`runtime secrets list` shows them")
            note(uow, org.id, self._clock.now(), "secret.remove", name)

    def missing(self, org_id: int, names: Iterable[str]) -> list[str]:
        """Return which of these names have no secret."""
        with self._store.read() as uow:
            there = {row.name for row in uow.org_secrets.of(org_id)}
        return sorted(set(names) - there)

    def open(self, org_id: int, names: Iterable[str]) -> dict[str, str]:
        """Open those of these secrets that there are; from now on they are masked in every log line."""
        wanted = sorted(set(names))
        if not wanted:
            return {}
        with self._store.read() as uow:
            rows = uow.org_secrets.named(org_id, wanted)
        opened = {row.name: self._keyring.open(row.sealed, org_place(org_id, row.name)) for row in rows}
        hide(line for value in opened.values() for line in (value, *value.split()))
        return opened
