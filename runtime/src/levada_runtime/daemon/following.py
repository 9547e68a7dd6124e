"""Following the connectors: a version that was installed meanwhile is taken up, and so are its streams."""

import threading
from typing import Final

from levada_runtime.catalog.installed import InstalledConnector
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.logging import logger

_LOOK_S: Final = 1.0


class Following:
    """Looks each second whether another process has described another version of a connector."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._known: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="connectors", daemon=True)

    def start(self) -> None:
        """Look at what is installed, and go on looking."""
        self._take_up(self._installation.catalog.refresh())
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Take up what another process has described."""
        self._take_up(self._installation.catalog.all())

    def _take_up(self, connectors: list[InstalledConnector]) -> None:
        found = {one.key: one.source_hash for one in connectors}
        if found == self._known:
            return
        manifests = {one.key: one.manifest for one in connectors}
        with self._installation.store.read() as uow:
            connections = uow.connections.everywhere()
        for row in connections:
            manifest = manifests.get(row.connector)
            if manifest is not None:
                self._installation.connections.follow_manifest(row, manifest)
        self._known = found

    def _follow(self) -> None:
        while not self._stop.wait(_LOOK_S):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the connectors as they were go on; the next look is a second away
                logger("daemon").error("the connectors could not be looked at", error=str(error))
