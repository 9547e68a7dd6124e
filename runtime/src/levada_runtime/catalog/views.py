"""Connectors as the command line and the API show them."""

from typing import Any

from levada_runtime.catalog.installed import InstalledConnector


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
        "libraries": data["libraries"],
        "source_hash": connector.source_hash,
    }
