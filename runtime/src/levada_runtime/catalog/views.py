"""Connectors as the command line and the API show them."""

from typing import Any

from levada_runtime.catalog.installed import InstalledConnector
from levada_runtime.catalog.library import Library


def connector_view(connector: InstalledConnector) -> dict[str, Any]:
    """Return an installed connector in a list."""
    return {
        "key": connector.key,
        "title": connector.manifest.title if connector.manifest else None,
        "distribution": connector.distribution,
        "version": connector.version,
        "state": connector.state,
        "reason": connector.reason,
        "streams": [stream.key for stream in connector.manifest.streams] if connector.manifest else [],
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
        "state": connector.state,
        "hosts": data["hosts"],
        "auth": data["auth"],
        "settings": manifest.settings_schema(),
        "streams": data["streams"],
        "check": manifest.check,
        "exposed_secrets": manifest.exposed_secrets(),
        "libraries": [library_view(library) for library in connector.libraries],
        "source_hash": connector.source_hash,
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
