"""Forgetting what is old, while the daemon runs: of two daemons on one store each does it, to no harm."""

import threading
from typing import Final

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.logging import logger
from levada_runtime.work.retention import Pruner

_FIRST_S: Final = 60.0
"""How long a daemon that has just started has better things to do."""


class Forgetting:
    """A thread that looks for what is old every so often."""

    def __init__(self, installation: Installation) -> None:
        settings = installation.settings.retention
        self._pruner = Pruner(installation.store, installation.clock, settings)
        self._every_s = settings.every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="retention", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it, between two of its small transactions."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        pause = min(_FIRST_S, self._every_s)
        while not self._stop.wait(pause):
            try:
                gone = self._pruner.prune(self._stop.wait)
            except Exception as error:  # noqa: BLE001 - whatever it is, the rows can as well be pruned later
                logger("daemon").error("what is old could not be pruned; it will be tried again", error=str(error))
            else:
                if any(gone.values()):
                    logger("daemon").info(
                        "pruned what is old", **{kind: count for kind, count in gone.items() if count}
                    )
            pause = self._every_s
