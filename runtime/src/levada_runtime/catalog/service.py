"""The catalog: every installed connector, described once per source and remembered."""

import threading
from collections.abc import Callable

import pluggy

from levada import Manifest
from levada_runtime import __version__
from levada_runtime.catalog.describe import describe
from levada_runtime.catalog.discovery import Found, find_connectors
from levada_runtime.catalog.installed import InstalledConnector
from levada_runtime.catalog.plugins import register_connectors, registered_connectors
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.store.model import ConnectorRow
from levada_runtime.store.unit_of_work import Store

_BAD_LUCK = ("worker_lost", "timeout", "crash", "oom")


class Catalog:
    """Finds connectors, describes those whose source is new, and registers them with pluggy.

    `sandbox` is asked for only when something has to be described.
    """

    def __init__(
        self, store: Store, clock: Clock, plugins: pluggy.PluginManager, sandbox: Callable[[], Sandbox]
    ) -> None:
        self._store = store
        self._clock = clock
        self._plugins = plugins
        self._sandbox = sandbox
        self._lock = threading.Lock()

    def refresh(self) -> list[InstalledConnector]:
        """Look at what is installed now; a broken connector is listed with its reason and stops no other."""
        with self._lock:
            with self._store.read() as uow:
                remembered = {row.key: row for row in uow.connectors.all()}
            found = find_connectors()
            installed = [self._look_at(one, remembered.get(one.key)) for one in found]
            self._forget(set(remembered) - {one.key for one in found})
            register_connectors(self._plugins, installed)
        return installed

    def all(self) -> list[InstalledConnector]:
        """Return the connectors of the last look, taking the first one if there was none."""
        return registered_connectors(self._plugins) or self.refresh()

    def get(self, key: str) -> InstalledConnector:
        """Return a connector, broken or not.

        Raises NotFoundFailure.
        """
        for connector in self.all():
            if connector.key == key:
                return connector
        raise NotFoundFailure(
            f"no connector {key!r} is installed",
            code="unknown_connector",
            hint="`runtime connectors list` shows those that are",
        )

    def ready(self, key: str) -> tuple[InstalledConnector, Manifest]:
        """Return a connector that can be used, and its manifest.

        Raises NotFoundFailure, or UsageFailure when it is broken.
        """
        connector = self.get(key)
        if connector.manifest is None:
            raise UsageFailure(f"the connector {key!r} is broken: {connector.reason}", code="connector_broken")
        return connector, connector.manifest

    def _look_at(self, found: Found, row: ConnectorRow | None) -> InstalledConnector:
        if row is not None and not found.problem and _still_true(found, row):
            return _installed(found, Manifest.model_validate(row.manifest) if row.manifest else str(row.reason))
        manifest = describe(self._sandbox(), found) if found.problem is None else found.problem
        installed = _installed(found, manifest)
        self._remember(installed, row)
        return installed

    def _remember(self, installed: InstalledConnector, row: ConnectorRow | None) -> None:
        fresh = ConnectorRow(
            key=installed.key,
            distribution=installed.distribution,
            version=installed.version,
            source_hash=installed.source_hash,
            state=installed.state,
            reason=installed.reason,
            manifest=installed.manifest.model_dump(mode="json") if installed.manifest else None,
            described_by=__version__,
            described_at=self._clock.now(),
        )
        if row is None or _told(row) != _told(fresh):
            with self._store.write() as uow:
                uow.connectors.keep(fresh)

    def _forget(self, gone: set[str]) -> None:
        for key in gone:
            with self._store.write() as uow:
                uow.connectors.forget(key)
            if self._plugins.has_plugin(f"connector:{key}"):
                self._plugins.unregister(name=f"connector:{key}")


def _still_true(found: Found, row: ConnectorRow) -> bool:
    """Tell whether what was found out about these very sources still holds; what may have been bad luck does not."""
    same = (row.source_hash, row.described_by) == (found.source_hash, __version__)
    return same and not (row.reason or "").startswith(_BAD_LUCK)


def _told(row: ConnectorRow) -> tuple[str | None, ...]:
    return row.source_hash, row.reason, row.described_by


def _installed(found: Found, described: Manifest | str) -> InstalledConnector:
    return InstalledConnector(
        key=found.key,
        distribution=found.distribution,
        version=found.version,
        source_hash=found.source_hash,
        manifest=described if isinstance(described, Manifest) else None,
        reason=described if isinstance(described, str) else None,
        package=found.package,
        attribute=found.attribute,
        files=found.files,
    )
