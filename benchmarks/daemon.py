"""A daemon of this installation's own, as whoever operates one has it."""

import signal
import subprocess
from contextlib import suppress

from benchmarks.peers.installed import RUNTIME


class Daemon:
    """`runtime serve`, as a process."""

    def __init__(self, environment: dict[str, str]) -> None:
        words = [*RUNTIME, "serve", "--port", "0"]
        self._process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = next((line for line in self._process.stdout if line.startswith("API")), None)
        assert line is not None, "the daemon did not start"
        self.url = line.split()[1]
        self.pid = self._process.pid

    def kill(self) -> None:
        """Let it die at once."""
        self._process.kill()
        self._process.communicate(timeout=60)

    def stop(self) -> None:
        """Tell it to stop, if it is there."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=60)
