"""The host's stand-in for a connector: its manifest and its sources, never its code."""

from collections.abc import Mapping
from dataclasses import dataclass

from levada import Manifest, hookimpl
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

    @property
    def state(self) -> str:
        """`ready` or `broken`."""
        return "broken" if self.manifest is None else "ready"

    @property
    def bundle(self) -> Bundle:
        """What the sandbox child compiles."""
        return Bundle(package=self.package, attribute=self.attribute, files=dict(self.files))


class ConnectorPlugin:
    """What is registered with pluggy under the connector's name."""

    def __init__(self, installed: InstalledConnector) -> None:
        self.installed = installed

    @hookimpl
    def levada_connectors(self) -> list[InstalledConnector]:
        return [self.installed]
