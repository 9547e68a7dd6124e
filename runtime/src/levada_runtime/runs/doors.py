"""Where webhooks come in: for each connection and stream what proves a delivery, remembered for a moment.

Opening secrets for every delivery would cost more than all the rest, so what was found is good for two seconds: a
changed secret, a paused or a removed connection counts from then on. A connector that may not run just now keeps its
doors open: what comes in waits for it.
"""

import threading
import time
from dataclasses import dataclass

from levada import StreamManifest
from levada._verify import secrets_in
from levada_runtime.access.built_in import REST
from levada_runtime.access.connections import Connections
from levada_runtime.access.signatures import live_secrets
from levada_runtime.catalog.service import Catalog
from levada_runtime.foundation.errors import RuntimeFailure
from levada_runtime.foundation.logging import hide
from levada_runtime.store.model import ConnectionRow
from levada_runtime.store.unit_of_work import Store

REMEMBERED_S = 2.0
_MOST = 4096
_BROKEN_PAUSE_S = 30


class TurnedAway(Exception):  # noqa: N818 - what happens to a delivery, said to the caller and no error of the runtime
    """A delivery is not taken: the status and the sentence it is answered with."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Door:
    """Where the deliveries of one stream come in; `values` are the secrets and settings that its scheme names."""

    connection: ConnectionRow
    stream: StreamManifest
    values: dict[str, str]


class Doors:
    """Finds the door that a delivery knocks at."""

    def __init__(self, store: Store, catalog: Catalog, connections: Connections) -> None:
        self._store = store
        self._catalog = catalog
        self._connections = connections
        self._lock = threading.Lock()
        self._remembered: dict[tuple[str, str], tuple[float, Door | TurnedAway]] = {}

    def remembered(self, reference: str, stream: str) -> Door | None:
        """Return a door that was found a moment ago, without asking anybody.

        Raises TurnedAway when what was found then was that there is none.
        """
        with self._lock:
            until, found = self._remembered.get((reference, stream), (0.0, None))
        if found is None or until < time.monotonic():
            return None
        return _let_in(found)

    def find(self, reference: str, stream: str) -> Door:
        """Return the door of a connection, by its id or its name, and a stream.

        Raises TurnedAway.
        """
        found: Door | TurnedAway
        try:
            found = self._find(reference, stream)
        except TurnedAway as turned_away:
            found = turned_away
        now = time.monotonic()
        with self._lock:
            self._remembered = {key: kept for key, kept in self._remembered.items() if kept[0] > now}
            if len(self._remembered) < _MOST:
                self._remembered[reference, stream] = (now + REMEMBERED_S, found)
        return _let_in(found)

    def _find(self, reference: str, stream: str) -> Door:
        connection = self._connection(reference)
        try:
            _, manifest = self._catalog.described(connection.connector)
        except RuntimeFailure:
            message = "the connector of this connection cannot be used now"
            raise TurnedAway(503, "connector_broken", message, retry_after=_BROKEN_PAUSE_S) from None
        served = {one.key: one for one in manifest.streams if "webhook" in one.modes}
        found = served.get(stream)
        if found is None or found.verify is None:
            raise _nothing_here()
        return Door(connection, found, self._values(connection, secrets_in(found.verify)))

    def _connection(self, reference: str) -> ConnectionRow:
        with self._store.read() as uow:
            found = [row for row in uow.connections.anywhere(reference) if row.connector != REST]
        named = [row for row in found if row.uid == reference] or found
        if not named:
            raise _nothing_here()
        if len(named) > 1:
            message = "several organisations have a connection of that name: use its id, which `connections show` tells"
            raise TurnedAway(404, "ambiguous_connection", message)
        return named[0]

    def _values(self, connection: ConnectionRow, names: list[str]) -> dict[str, str]:
        opened = self._connections.secrets(connection) if names else {}
        for value in opened.values():
            hide(live_secrets(value))
        plain = {name: str(value) for name, value in connection.settings.items()}
        everything = {**plain, **opened}
        return {name: everything[name] for name in names if name in everything}


def _let_in(found: Door | TurnedAway) -> Door:
    if isinstance(found, TurnedAway):
        raise TurnedAway(found.status, found.code, found.message, retry_after=found.retry_after)
    return found


def _nothing_here() -> TurnedAway:
    return TurnedAway(404, "not_found", "there is no such webhook: the connection or the stream is not known")
