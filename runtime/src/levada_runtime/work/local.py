"""The default executor: supervised worker processes on this machine, one piece of work each at a time.

A worker is told its tokens on its standard input, a line each, and answers a line when it is done, or is at another
that it took by itself. The end of its output is the end of the worker: its token is given up at once and another worker
is started in its place.
"""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from levada_runtime.foundation.logging import logger
from levada_runtime.work.executor import Lost
from levada_runtime.work.service import Token

_RESTART_PAUSE_S = 0.5


class _Worker:
    """One worker process and the token it is at."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
            env=environment,
        )
        self.token: Token | None = None
        self.ready = False

    def tell(self, message: object) -> None:
        """Send a line; a worker that has gone is noticed where its output ends."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


class LocalExecutor:
    """Keeps `workers` processes of `command` alive and hands them tokens."""

    def __init__(self, command: Sequence[str], workers: int, environment: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._environment = environment
        self._lock = threading.Condition()
        self._workers: list[_Worker | None] = [None] * workers
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._lost: Lost = _nobody
        self._freed: Callable[[], None] = _silent

    def start(self, lost: Lost, freed: Callable[[], None] | None = None) -> None:
        self._lost = lost
        self._freed = freed or _silent
        for slot in range(len(self._workers)):
            thread = threading.Thread(target=self._supervise, args=(slot,), name=f"worker-{slot}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def submit(self, tokens: Sequence[Token]) -> None:
        """Hand each token to an idle worker; one too many is given back at once."""
        for token in tokens:
            worker = self._take_idle(token)
            if worker is None:
                self._lost(token, tried=False)
            else:
                worker.tell({"work": token})

    def in_flight(self) -> list[Token]:
        with self._lock:
            return [worker.token for worker in self._workers if worker and worker.token]

    def capacity(self) -> int:
        with self._lock:
            return 0 if self._stopping.is_set() else len(self._idle())

    def pids(self) -> list[int]:
        """Return the worker processes, for an operator's eyes."""
        with self._lock:
            return [worker.process.pid for worker in self._workers if worker]

    def line(self) -> str:
        return f"{len(self._workers)}"

    def state(self) -> Mapping[str, Any]:
        return {"workers": len(self.pids()), "idle": self.capacity()}

    def drain(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        with self._lock:
            self._stopping.set()
            workers = [worker for worker in self._workers if worker]
        for worker in workers:
            if worker.ready:
                worker.tell({"drain": True})
            else:
                worker.process.kill()
        for worker in workers:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            worker.process.kill()
        for thread in self._threads:
            thread.join()

    def _idle(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker and worker.ready and worker.token is None]

    def _take_idle(self, token: Token) -> _Worker | None:
        with self._lock:
            worker = next(iter(self._idle()), None)
            if worker is not None:
                worker.token = token
            return worker

    def _supervise(self, slot: int) -> None:
        while not self._stopping.is_set():
            try:
                worker = _Worker(self._command, self._environment)
            except OSError as error:
                logger("work").error("no worker could be started; it will be tried again", error=str(error))
            else:
                self._attend(slot, worker)
            self._stopping.wait(_RESTART_PAUSE_S)

    def _attend(self, slot: int, worker: _Worker) -> None:
        with self._lock:
            self._workers[slot] = worker
            too_late = self._stopping.is_set()
        if too_late:
            worker.process.kill()  # Whoever drains has not seen it, and nobody else would tell it to go.
        try:
            self._listen(worker)
        except ValueError:
            logger("work").error("a worker said what cannot be read; it is killed", pid=worker.process.pid)
        finally:
            self._bury(slot, worker)

    def _listen(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        for line in worker.process.stdout:
            answer = json.loads(line)
            with self._lock:
                worker.ready = worker.ready or "ready" in answer
                worker.token = (answer["at"][0], answer["at"][1]) if "at" in answer else None
            if worker.token is None:
                self._freed()

    def _bury(self, slot: int, worker: _Worker) -> None:
        worker.process.kill()
        status = worker.process.wait()
        with self._lock:
            self._workers[slot] = None
            token, worker.token = worker.token, None
        worker.close()
        if token is not None:
            self._lost(token)
        if not self._stopping.is_set():
            logger("work").warning("a worker ended; another takes its place", pid=worker.process.pid, status=status)


def _nobody(token: Token, *, tried: bool = True) -> None:
    """Nobody listens before `start`."""


def _silent() -> None:
    """Nobody waits for a worker."""
