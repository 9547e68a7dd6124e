"""What the store remembers of connectors, so that a source is described once, and who may run is known everywhere."""

from collections.abc import Callable

from levada import Manifest
from levada_runtime import __version__
from levada_runtime.access.audit import note
from levada_runtime.catalog.describe import describe
from levada_runtime.catalog.discovery import Found
from levada_runtime.catalog.installed import InstalledConnector, installed_as
from levada_runtime.catalog.standing import remembered
from levada_runtime.catalog.trust import VIOLATIONS, declaration_of, violation
from levada_runtime.foundation.clock import Clock
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.store.model import ConnectorRow
from levada_runtime.store.trust_model import ConnectorApprovalRow, ConnectorQuarantineRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

_BAD_LUCK = ("worker_lost", "timeout", "crash", "oom")


class Memory:
    """Describes connectors whose source is new, and writes down what came of it."""

    def __init__(self, store: Store, clock: Clock, sandbox: Callable[[], Sandbox]) -> None:
        self._store = store
        self._clock = clock
        self._sandbox = sandbox

    def look_at(self, found: list[Found]) -> list[InstalledConnector]:
        """Return each as it is: from memory where its source is known, else described now."""
        with self._store.read() as uow:
            rows = {row.key: row for row in uow.connectors.all()}
            approved, quarantines = set(uow.trust.approvals()), uow.trust.quarantines()
        return [
            self._look_at(one, rows.get(one.key), one.key in approved, quarantines.get((one.key, one.source_hash)))
            for one in found
        ]

    def forget_all_but(self, keys: set[str]) -> set[str]:
        """Forget the connectors that are installed no more, and return their keys; what was approved stays known."""
        with self._store.read() as uow:
            gone = set(uow.connectors.hashes()) - keys
        for key in gone:
            with self._store.write() as uow:
                uow.connectors.forget(key)
        return gone

    def approve(self, connector: InstalledConnector, org_id: int | None) -> None:
        """Approve what a connector declares, end the quarantine it was seen in, and wake the work that waits.

        An organisation that is named has it in its audit log.
        """
        now = self._clock.now()
        with self._store.write() as uow:
            if connector.manifest is not None:
                uow.trust.approve(self._approval(connector.manifest, connector))
            if connector.standing.quarantine is not None:
                uow.trust.release(connector.standing.quarantine, now)
            uow.work.wake(connector.key, now)
            if org_id is not None:
                standing = connector.standing
                told = {
                    "version": connector.version,
                    "source_hash": connector.source_hash,
                    "approved": standing.difference.as_dict() if standing.difference else None,
                    "released": standing.quarantine.reason if standing.quarantine else None,
                }
                note(uow, org_id, now, "connector.approve", connector.key, **told)

    def _look_at(
        self, found: Found, row: ConnectorRow | None, approved: bool, quarantine: ConnectorQuarantineRow | None
    ) -> InstalledConnector:
        if quarantine is not None:
            known = remembered(row) if row is not None and row.source_hash == found.source_hash else None
            return installed_as(found, known or f"{quarantine.reason}: {quarantine.message}")
        if row is not None and not found.problem and _still_true(found, row):
            installed = installed_as(found, Manifest.model_validate(row.manifest) if row.manifest else str(row.reason))
            if installed.manifest is not None and not approved:
                with self._store.write() as uow:
                    self._approve_first(uow, installed)
            return installed
        described = describe(self._sandbox(), found) if found.problem is None else found.problem
        installed = installed_as(found, described)
        self._remember(installed, row, approved)
        return installed

    def _remember(self, installed: InstalledConnector, row: ConnectorRow | None, approved: bool) -> None:
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
        broke_out = self._violation(installed)
        if (
            row is None
            or _told(row) != _told(fresh)
            or broke_out is not None
            or not (approved or installed.manifest is None)
        ):
            with self._store.write() as uow:
                uow.connectors.keep(fresh)
                self._approve_first(uow, installed)
                if broke_out is not None:
                    uow.trust.confine(broke_out)

    def _violation(self, installed: InstalledConnector) -> ConnectorQuarantineRow | None:
        reason, _, message = (installed.reason or "").partition(": ")
        return violation(
            key=installed.key,
            source_hash=installed.source_hash,
            version=installed.version,
            reason=reason,
            message=message,
            during="describe",
            run_id=None,
            at=self._clock.now(),
        )

    def _approve_first(self, uow: UnitOfWork, installed: InstalledConnector) -> None:
        """Approve a connector that nobody has seen before as it stands: whoever installed it has looked at it."""
        if installed.manifest is not None:
            uow.trust.approve_first(self._approval(installed.manifest, installed))

    def _approval(self, manifest: Manifest, connector: InstalledConnector) -> ConnectorApprovalRow:
        return ConnectorApprovalRow(connector.key, connector.version, declaration_of(manifest), self._clock.now())


def _still_true(found: Found, row: ConnectorRow) -> bool:
    """Tell whether what was found out about these very sources still holds.

    What may have been bad luck does not, nor does a violation that an operator has let pass.
    """
    same = (row.source_hash, row.described_by) == (found.source_hash, __version__)
    return same and not (row.reason or "").startswith((*_BAD_LUCK, *VIOLATIONS))


def _told(row: ConnectorRow) -> tuple[str | None, ...]:
    return row.source_hash, row.reason, row.described_by
