"""Connections: configured connectors, their settings checked, their secrets sealed."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from levada import Manifest
from levada._auth import OAuth2ClientCredentials, OAuth2Refresh, names_in
from levada_runtime.access.audit import note
from levada_runtime.access.built_in import REST
from levada_runtime.access.oauth import ConnectionToken, Tokens
from levada_runtime.access.places import connection_place
from levada_runtime.access.settings import check_secrets, read_settings
from levada_runtime.access.streams import StreamChange, change_streams, stream_rows
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import row_id
from levada_runtime.foundation.logging import hide
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import ConnectionRow, OrgRow, StreamRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
MODES = ("live", "observe")
STATES = ("active", "paused", "needs_attention")


class Connections:
    """Adds, finds and changes connections."""

    def __init__(self, store: Store, clock: Clock, keyring: Keyring) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._tokens = Tokens(store, clock, keyring)

    def add(
        self,
        org: OrgRow,
        manifest: Manifest,
        *,
        name: str | None = None,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        mode: str = "live",
        recording: bool = False,
    ) -> ConnectionRow:
        """Configure a connector.

        Raises UsageFailure when the name is taken, or settings or secrets do not fit the manifest.
        """
        hide(secrets.values())
        read = read_settings(manifest, settings)
        check_secrets(manifest, secrets)
        now = self._clock.now()
        row = ConnectionRow(
            org_id=org.id,
            id=row_id(),
            uid=str(uuid.uuid4()),
            name=_named(name or manifest.key),
            connector=manifest.key,
            settings=read,
            mode=mode,
            state="active",
            state_reason=None,
            created_at=now,
            updated_at=now,
            recording=recording,
        )
        with self._store.write() as uow:
            uow.lock("connections", org.id)
            if uow.connections.referred(org.id, row.name):
                raise UsageFailure(
                    f"there is a connection {row.name!r} already", code="name_taken", hint="give another --name"
                )
            uow.connections.add(row)
            self._keep_secrets(uow, row, secrets)
            uow.streams.replace(org.id, row.id, stream_rows(row, manifest, [], now))
            given = {"settings": sorted(settings), "secrets": sorted(secrets), "mode": mode, "recording": recording}
            note(uow, org.id, now, "connection.add", row.name, connector=manifest.key, **given)
        return row

    def get(self, org: OrgRow, reference: str) -> ConnectionRow:
        """Return the connection of that name or id.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            found = uow.connections.referred(org.id, reference)
        if found is None:
            raise NotFoundFailure(
                f"there is no connection {reference!r}",
                code="unknown_connection",
                hint="`runtime connections list` shows them; `runtime connections add` makes one",
            )
        return found

    def page(self, org: OrgRow, *, limit: int, after: str | None) -> tuple[list[ConnectionRow], str | None]:
        """Return connections by their names, from beyond the name `after`, and after which the list goes on."""
        by_name = sorted(self.of(org), key=lambda row: row.name)  # a database may have another order of letters
        rows = [row for row in by_name if after is None or row.name > after]
        return rows[:limit], rows[limit - 1].name if len(rows) > limit else None

    def of(self, org: OrgRow) -> list[ConnectionRow]:
        with self._store.read() as uow:
            return uow.connections.of(org.id)

    def streams(self, row: ConnectionRow) -> list[StreamRow]:
        with self._store.read() as uow:
            return uow.streams.of(row.org_id, row.id)

    def set(
        self,
        row: ConnectionRow,
        manifest: Manifest,
        *,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        mode: str | None = None,
        recording: bool | None = None,
    ) -> ConnectionRow:
        """Change settings, secrets, the mode, or whether runs are recorded; what is not given stays."""
        hide(secrets.values())
        read = read_settings(manifest, {**row.settings, **settings})
        with self._store.write() as uow:
            check_secrets(manifest, secrets, kept=list(uow.secrets.of(row.org_id, row.id)))
            self._keep_secrets(uow, row, secrets)
            changed: dict[str, Any] = {
                "settings": read,
                "mode": mode or row.mode,
                "recording": row.recording if recording is None else recording,
            }
            now = self._clock.now()
            uow.connections.change(row.org_id, row.id, now, **changed)
            given = {"settings": sorted(settings), "secrets": sorted(secrets), "mode": mode, "recording": recording}
            if any(given.values()) or recording is False:
                note(uow, row.org_id, now, "connection.change", row.name, **given)
        return replace(row, **changed)

    def set_schedule(self, row: ConnectionRow, stream: str, expression: str | None) -> None:
        """Run a stream by another schedule than its manifest's; None goes back to that.

        Raises UsageFailure when there is no such stream, or the expression cannot be meant.
        """
        self.set_streams(row, {stream: StreamChange(schedule=expression or "")})

    def set_streams(self, row: ConnectionRow, changes: Mapping[str, StreamChange]) -> None:
        """Set what is given of each stream, of all of them or of none.

        Raises UsageFailure when there is no such stream, or what is given cannot be meant.
        """
        with self._store.write() as uow:
            change_streams(uow, row, changes, self._clock.now())

    def set_state(self, row: ConnectionRow, state: str, reason: str | None = None) -> None:
        """Make a connection active, paused, or one that needs attention.

        Raises UsageFailure for the built-in one.
        """
        _check_not_built_in(row)
        with self._store.write() as uow:
            now = self._clock.now()
            uow.connections.change(row.org_id, row.id, now, state=state, state_reason=reason)
            note(uow, row.org_id, now, "connection.state", row.name, state=state, before=row.state)

    def remove(self, row: ConnectionRow) -> None:
        """Take a connection and its secrets away; its documents stay, and say where they came from.

        Raises UsageFailure for the built-in one.
        """
        _check_not_built_in(row)
        with self._store.write() as uow:
            name = f"{row.name} (removed {row.uid[:8]})"
            now = self._clock.now()
            uow.connections.change(row.org_id, row.id, now, state=REMOVED, name=name)
            note(uow, row.org_id, now, "connection.remove", row.name, id=row.uid)
            uow.secrets.forget(row.org_id, row.id)
            uow.tokens.forget(row.org_id, row.id)
            uow.streams.replace(row.org_id, row.id, [])

    def secrets(self, row: ConnectionRow) -> dict[str, str]:
        """Open a connection's secrets, for the broker alone; from now on they are masked in every log line."""
        with self._store.read() as uow:
            sealed = uow.secrets.of(row.org_id, row.id)
        opened = {name: self._keyring.open(value, _place(row, name)) for name, value in sealed.items()}
        hide(opened.values())
        return opened

    def token(self, row: ConnectionRow, manifest: Manifest, secrets: Mapping[str, str]) -> ConnectionToken | None:
        """Return where the broker has a connection's access token from; None when its connector uses none."""
        scheme = manifest.auth
        if not isinstance(scheme, OAuth2ClientCredentials | OAuth2Refresh):
            return None
        return self._tokens.of(row, scheme, {**row.settings, **secrets})

    def credential(self, row: ConnectionRow, manifest: Manifest, secrets: Mapping[str, str]) -> bytes:
        """Return what stands for whom a source takes a connection for: two with the same credentials are one to it."""
        values = {**row.settings, **secrets}
        names = names_in(manifest.auth) if manifest.auth is not None else []
        return self._keyring.mark("\n".join(str(values.get(name, "")) for name in names))

    def secret_names(self, row: ConnectionRow) -> list[str]:
        with self._store.read() as uow:
            return sorted(uow.secrets.of(row.org_id, row.id))

    def follow_manifest(self, row: ConnectionRow, manifest: Manifest) -> None:
        """Bring a connection's streams up to a manifest that may have changed."""
        now = self._clock.now()
        with self._store.read() as uow:
            before = uow.streams.of(row.org_id, row.id)
        if stream_rows(row, manifest, before, now) == before:
            return
        with self._store.write() as uow:
            uow.lock("streams", row.org_id, row.id)
            before = uow.streams.of(row.org_id, row.id)
            uow.streams.replace(row.org_id, row.id, stream_rows(row, manifest, before, now))

    def _keep_secrets(self, uow: UnitOfWork, row: ConnectionRow, secrets: Mapping[str, str]) -> None:
        for name, value in secrets.items():
            sealed = self._keyring.seal(value, _place(row, name))
            uow.secrets.keep(row.org_id, row.id, name, sealed, self._clock.now())


def _check_not_built_in(row: ConnectionRow) -> None:
    if row.name == REST:
        raise UsageFailure(
            f"the connection {REST!r} is built in: it cannot be paused or removed",
            code="built_in_connection",
            hint="`runtime keys revoke` keeps callers from writing documents by it",
        )


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageFailure(
            f"{name!r} cannot name a connection", code="invalid_name", hint="letters, digits, . - and _; at most 63"
        )
    if name == REST:
        raise UsageFailure(
            f"{name!r} is the name of the connection that is built in", code="name_taken", hint="give another --name"
        )
    return name


def _place(row: ConnectionRow, name: str) -> str:
    return connection_place(row.org_id, row.id, name)
