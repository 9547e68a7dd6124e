"""The host's stand-in for a connector: its manifest and its sources, never its code."""

from collections.abc import Mapping
from dataclasses import dataclass

from levada import Manifest, hookimpl
from levada_runtime.catalog.discovery import Found, bundle_of
from levada_runtime.catalog.library import Library
from levada_runtime.catalog.trust import BROKEN, QUARANTINED, TRUSTED, Standing
from levada_runtime.sandbox.model import Bundle


@dataclass(frozen=True, slots=True)
class InstalledConnector:
    """A connector that was found, and either described or not."""

    key: str
    distribution: str
    version: str
    source_hash: str
    manifest: Manifest | None
    reason: str | None
    package: str
    attribute: str
    files: Mapping[str, bytes]
    standing: Standing = TRUSTED
    """What stood in its way when it was looked at."""
    libraries: tuple[Library, ...] = ()

    @property
    def state(self) -> str:
        """`ready`, `broken`, `quarantined` or `needs_approval`; only a ready one runs."""
        return BROKEN if self.manifest is None and self.standing.state != QUARANTINED else self.standing.state

    @property
    def bundle(self) -> Bundle:
        """What the sandbox is sent."""
        return bundle_of(self.package, self.attribute, self.files, self.libraries)


def installed_as(found: Found, described: Manifest | str) -> InstalledConnector:
    """Return the stand-in of what was found: with its manifest, or with the reason why it has none."""
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
        libraries=found.libraries,
    )


class ConnectorPlugin:
    """What is registered with pluggy under the connector's name."""

    def __init__(self, installed: InstalledConnector) -> None:
        self.installed = installed

    @hookimpl
    def levada_connectors(self) -> list[InstalledConnector]:
        return [self.installed]
