"""The default executor: worker processes of `runtime worker` on this machine, as many as it has room for."""

import sys
from collections.abc import Mapping
from typing import Any

from levada_runtime.daemon.installation import Installation
from levada_runtime.daemon.worker import environment_for
from levada_runtime.work.local import LocalExecutor

COMMAND = (sys.executable, "-m", "levada_runtime", "worker")


def make_executor(installation: Installation) -> "WorkersHere":
    """Return it, with no process started."""
    return WorkersHere(installation)


class WorkersHere(LocalExecutor):
    """Workers of an installation, no more than the machine's cores and memory allow."""

    def __init__(self, installation: Installation) -> None:
        self._decision, self._wanted = installation.concurrency, installation.settings.workers
        super().__init__(COMMAND, self._decision.workers, environment_for(installation.settings))

    def line(self) -> str:
        return self._decision.line(self._wanted)

    def state(self) -> Mapping[str, Any]:
        return {
            "workers": len(self.pids()),
            "allowed": self._decision.workers,
            "wanted": self._wanted,
            "reason": self._decision.reason,
            "idle": self.capacity(),
        }
