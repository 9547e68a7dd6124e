"""How a connector stands by what the store remembers alone, for whoever decides in a transaction."""

from pydantic import ValidationError

from levada import Manifest
from levada_runtime.catalog.trust import Standing, standing_of
from levada_runtime.store.model import ConnectorRow
from levada_runtime.store.unit_of_work import UnitOfWork


def standing_in(uow: UnitOfWork, key: str, source_hash: str, manifest: Manifest | None) -> Standing:
    """Return what stands in the way of this very source."""
    return standing_of(manifest, uow.trust.approval(key), uow.trust.quarantine(key, source_hash))


def stands(uow: UnitOfWork, key: str) -> str:
    """Return `ready`, `quarantined` or `needs_approval` of the version that was described last.

    A connector that is broken, or not known, stands in nobody's way here: its runs say what is wrong with it.
    """
    row = uow.connectors.get(key)
    return standing_in(uow, key, row.source_hash, remembered(row)).state if row else Standing().state


def remembered(row: ConnectorRow) -> Manifest | None:
    """Return the manifest in a row; None when there is none, or none that this version of the runtime can read."""
    try:
        return Manifest.model_validate(row.manifest) if row.manifest else None
    except ValidationError:
        return None
