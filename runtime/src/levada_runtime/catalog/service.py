"""The catalog: every installed connector, described once per source and remembered."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pluggy

from levada import Manifest
from levada_runtime.access.built_in import REST
from levada_runtime.catalog.discovery import find_connectors
from levada_runtime.catalog.installed import InstalledConnector
from levada_runtime.catalog.memory import Memory
from levada_runtime.catalog.plugins import register_connectors, registered_connectors
from levada_runtime.catalog.standing import standing_in, state_of, uninstalled
from levada_runtime.catalog.trust import NEEDS_APPROVAL, QUARANTINED, READY, refusal, standing_of
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.store.model import OrgRow
from levada_runtime.store.unit_of_work import Store

UNKNOWN = "unknown_connector"
_CODES = {QUARANTINED: "connector_quarantined", NEEDS_APPROVAL: "connector_needs_approval"}


class Catalog:
    """Finds connectors, describes those whose source is new, and registers them with pluggy.

    What is in memory is looked at again when another process has described another source, so a version that is
    installed meanwhile is taken up by whoever asks for it next. Whether a connector may run is asked of the store each
    time. `sandbox` is asked for only when something has to be described.
    """

    def __init__(
        self, store: Store, clock: Clock, plugins: pluggy.PluginManager, sandbox: Callable[[], Sandbox]
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._memory = Memory(store, clock, sandbox)
        self._lock = threading.Lock()
        self._looked_at: dict[str, str] = {}
        """What the store knew when it was last looked at what is installed."""
        self._whole = False
        """Whether that was ever looked at as a whole; a connector that is asked for by name is looked at alone."""

    def refresh(self) -> list[InstalledConnector]:
        """Look at what is installed now; a broken connector is listed with its reason and stops no other."""
        with self._lock:
            found = find_connectors()
            installed = self._memory.look_at(found)
            self._forget({one.key for one in found})
            register_connectors(self._plugins, installed)
            with self._store.read() as uow:
                self._looked_at = uow.connectors.hashes()
            self._whole = True
        return self._as_they_stand(installed)

    def all(self) -> list[InstalledConnector]:
        """Return the connectors as they are known and as they stand now."""
        known = registered_connectors(self._plugins)
        with self._store.read() as uow:
            described = uow.connectors.hashes()
        if not self._whole or not known or described != self._looked_at:
            return self.refresh()
        return self._as_they_stand(known)

    def get(self, key: str) -> InstalledConnector:
        """Return a connector, in whatever state it is.

        Raises NotFoundFailure.
        """
        connector = self._known(key)
        with self._store.read() as uow:
            described = uow.connectors.hash_of(key)
            standing = standing_in(uow, key, connector.source_hash, connector.manifest)
        if described == self._looked_at.get(key):
            return replace(connector, standing=standing)
        found = next((one for one in self.refresh() if one.key == key), None)
        if found is None:
            raise _unknown(key)
        return found

    def described(self, key: str) -> tuple[InstalledConnector, Manifest]:
        """Return a connector whose manifest is known, whether it may run or not.

        Raises NotFoundFailure, or UsageFailure when it is broken.
        """
        connector = self.get(key)
        if connector.manifest is None:
            if connector.state == QUARANTINED:
                raise _refused(connector)
            raise UsageFailure(f"the connector {key!r} is broken: {connector.reason}", code="connector_broken")
        return connector, connector.manifest

    def ready(self, key: str) -> tuple[InstalledConnector, Manifest]:
        """Return a connector that may run, and its manifest.

        Raises NotFoundFailure, or UsageFailure when it is broken, in quarantine, or needs an approval.
        """
        connector, manifest = self.described(key)
        if connector.state != READY:
            raise _refused(connector)
        return connector, manifest

    def approve(self, connector: InstalledConnector, org: OrgRow | None = None) -> InstalledConnector:
        """Let a connector run as it was shown: what it declares is approved, its quarantine over. Return it as it is.

        The organisation by which it is approved has it in its audit log. Raises UsageFailure when it is broken.
        """
        if connector.state != QUARANTINED:
            self.described(connector.key)
        self._memory.approve(connector, org.id if org else None)
        return self.get(connector.key) if connector.manifest is not None else self._again(connector)

    def _again(self, connector: InstalledConnector) -> InstalledConnector:
        return next((one for one in self.refresh() if one.key == connector.key), connector)

    def _known(self, key: str) -> InstalledConnector:
        known = registered_connectors(self._plugins)
        found = next((one for one in known if one.key == key), None) or self._look_for(key)
        if found is None:
            self.refresh()  # what is installed no more is forgotten
            raise _unknown(key)
        return found

    def _look_for(self, key: str) -> InstalledConnector | None:
        """Look at one connector as it is installed now; what the others declare is not read for it."""
        with self._lock:
            installed = self._memory.look_at(find_connectors(key))
            register_connectors(self._plugins, installed)
            with self._store.read() as uow:
                described = uow.connectors.hash_of(key)
            if described is not None:
                self._looked_at[key] = described
        return next(iter(installed), None)

    def uninstalled(self, org: OrgRow | None = None) -> dict[str, int]:
        """Return the connectors that connections are of and that are here no more, with how many connections each.

        The connections are those of one organisation, or of all.
        """
        with self._store.read() as uow:
            return uninstalled(uow, org.id if org else None)

    def state_of(self, key: str) -> str:
        """Return what a connection is told of its connector, by what is remembered of it."""
        with self._store.read() as uow:
            return state_of(uow, key)

    def _as_they_stand(self, connectors: list[InstalledConnector]) -> list[InstalledConnector]:
        with self._store.read() as uow:
            approvals, quarantines = uow.trust.approvals(), uow.trust.quarantines()
        return [
            replace(
                one,
                standing=standing_of(one.manifest, approvals.get(one.key), quarantines.get((one.key, one.source_hash))),
            )
            for one in connectors
        ]

    def _forget(self, found: set[str]) -> None:
        self._memory.forget_all_but(found)
        for one in registered_connectors(self._plugins):
            if one.key not in found:
                self._plugins.unregister(name=f"connector:{one.key}")


def _unknown(key: str) -> NotFoundFailure:
    if key == REST:
        return NotFoundFailure(
            f"{REST!r} is built in: no connector stands behind it that could be run, checked or set",
            code=UNKNOWN,
            hint="documents come in by it over HTTP: POST /v1/customers, and so for every type",
        )
    return NotFoundFailure(
        f"no connector {key!r} is installed", code=UNKNOWN, hint="`runtime connectors list` shows those that are"
    )


def _refused(connector: InstalledConnector) -> UsageFailure:
    message, hint = refusal(connector.key, connector.version, connector.standing)
    return UsageFailure(message, code=_CODES[connector.state], hint=hint)
