"""How a connector stands by what the store remembers alone, for whoever decides in a transaction."""

from collections import Counter

from pydantic import ValidationError

from levada import Manifest
from levada_runtime.access.built_in import REST
from levada_runtime.catalog.trust import BROKEN, READY, UNINSTALLED, Standing, standing_of
from levada_runtime.store.model import ConnectorRow
from levada_runtime.store.unit_of_work import UnitOfWork


def standing_in(uow: UnitOfWork, key: str, source_hash: str, manifest: Manifest | None) -> Standing:
    """Return what stands in the way of this very source."""
    return standing_of(manifest, uow.trust.approval(key), uow.trust.quarantine(key, source_hash))


def stands(uow: UnitOfWork, key: str) -> str:
    """Return `ready`, `quarantined` or `needs_approval` of the version that was described last, or `uninstalled`.

    A connector that is broken, or that nobody has looked at yet, stands in nobody's way here: its runs say what is
    wrong with it.
    """
    row = uow.connectors.get(key)
    if row is None:
        return UNINSTALLED if uow.trust.approval(key) is not None else READY
    return standing_in(uow, key, row.source_hash, remembered(row)).state


def state_of(uow: UnitOfWork, key: str) -> str:
    """Return what a connection is told of its connector: how it stands, or that it is `broken`."""
    row, standing = uow.connectors.get(key), READY if key == REST else stands(uow, key)
    return BROKEN if row is not None and row.manifest is None and standing == READY else standing


def uninstalled(uow: UnitOfWork, org_id: int | None = None) -> dict[str, int]:
    """Return the connectors that connections are of and that are not installed, with how many connections each.

    The connections are those of one organisation, or of all.
    """
    connections = uow.connections.everywhere() if org_id is None else uow.connections.of(org_id)
    counts = Counter(one.connector for one in connections if one.connector != REST)
    return {key: count for key, count in sorted(counts.items()) if stands(uow, key) == UNINSTALLED}


def remembered(row: ConnectorRow) -> Manifest | None:
    """Return the manifest in a row; None when there is none, or none that this version of the runtime can read."""
    try:
        return Manifest.model_validate(row.manifest) if row.manifest else None
    except ValidationError:
        return None
