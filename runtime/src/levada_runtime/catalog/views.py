"""Connectors as the command line and the API show them."""

from typing import Any

from levada_runtime.catalog.installed import InstalledConnector
from levada_runtime.catalog.library import Library
from levada_runtime.catalog.trust import NEEDS_APPROVAL, QUARANTINED, UNINSTALLED, refusal
from levada_runtime.store.trust_model import ConnectorQuarantineRow


def connector_view(connector: InstalledConnector) -> dict[str, Any]:
    """Return an installed connector in a list."""
    return {
        "key": connector.key,
        "title": connector.manifest.title if connector.manifest else None,
        "distribution": connector.distribution,
        "version": connector.version,
        "streams": [stream.key for stream in connector.manifest.streams] if connector.manifest else [],
        **standing_view(connector),
    }


def uninstalled_view(key: str, connections: int) -> dict[str, Any]:
    """Return a connector in a list that connections are of and that is not installed."""
    many = "1 connection is" if connections == 1 else f"{connections} connections are"
    return {
        "key": key,
        "title": None,
        "distribution": None,
        "version": None,
        "streams": [],
        "state": UNINSTALLED,
        "reason": f"{many} of it, and wait until it is installed again",
        "quarantine": None,
        "difference": None,
        "source_hash": None,
    }


def manifest_view(connector: InstalledConnector) -> dict[str, Any]:
    """Return a connector's manifest in the shape that scripts may rely on; of a broken one, its reason."""
    manifest = connector.manifest
    if manifest is None:
        return connector_view(connector)
    data = manifest.model_dump(mode="json")
    return {
        "key": manifest.key,
        "title": manifest.title,
        "version": connector.version,
        "distribution": connector.distribution,
        "hosts": data["hosts"],
        "auth": data["auth"],
        "rate_limit": [str(one) for one in manifest.rate_limit],
        "settings": manifest.settings_schema(),
        "streams": data["streams"],
        "check": manifest.check,
        "exposed_secrets": manifest.exposed_secrets(),
        "libraries": [library_view(library) for library in connector.libraries],
        **standing_view(connector),
    }


def standing_view(connector: InstalledConnector) -> dict[str, Any]:
    """Return whether a connector may run, and if not, why: what it did, or what it declares that was not approved."""
    standing = connector.standing
    refused = connector.state in (QUARANTINED, NEEDS_APPROVAL)
    return {
        "state": connector.state,
        "reason": refusal(connector.key, connector.version, standing)[0] if refused else connector.reason,
        "quarantine": _quarantine(standing.quarantine) if standing.quarantine else None,
        "difference": standing.difference.as_dict() if standing.difference else None,
        "source_hash": connector.source_hash,
    }


def _quarantine(row: ConnectorQuarantineRow) -> dict[str, Any]:
    return {
        "version": row.version,
        "reason": row.reason,
        "message": row.message,
        "during": row.during,
        "run": row.run_id,
        "quarantined_at": row.quarantined_at.isoformat(),
    }


def library_view(library: Library) -> dict[str, Any]:
    """Return a library of a connector: code of others that runs unrestricted inside the wall."""
    return {
        "name": library.name,
        "distribution": library.distribution,
        "version": library.version,
        "files": len(library.files),
        "bytes": library.size,
    }
