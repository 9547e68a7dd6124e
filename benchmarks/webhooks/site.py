"""An installation whose connections are pushed to, the daemon that serves it, and what its store says."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from benchmarks.daemon import Daemon
from benchmarks.peers.environment import inherited
from benchmarks.peers.installed import say
from levada_acme.sample import DEFAULT_SIGNING_SECRET
from levada_runtime.store.engine import make_engine

CONNECTIONS = 4
_EVERY_S = 0.5


@dataclass(frozen=True)
class Told:
    """What the sender told at its end; `took` is ordered."""

    sent: int
    statuses: dict[str, int]
    took: list[float]
    late_s: float
    accepted: dict[str, str]

    def quantile_ms(self, share: float) -> float:
        """Return how long this share of the answers took at most, in milliseconds."""
        return self.took[min(len(self.took) - 1, int(len(self.took) * share))] * 1000


class Pushed:
    """Deliveries that are being sent."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    def sleep(self, seconds: float) -> None:
        """Let so much of it go by."""
        time.sleep(seconds)

    def done(self) -> Told:
        """Wait for the last answer."""
        out, _ = self._process.communicate(timeout=600)
        told = json.loads(out)
        return Told(**{**told, "took": sorted(told["took"])})


class Site:
    """An installation with some connections to Acme, whose receipts may wait as long as it takes."""

    def __init__(self, folder: Path, database_url: str | None) -> None:
        self._environment = {
            **inherited(),
            "NO_COLOR": "1",
            "LEVADA_DATA_DIR": str(folder),
            "LEVADA_WEBHOOKS__MAX_WAITING": "1000000",
            "LEVADA_LOG_LEVEL": "error",
            "ACME_KEY": "nobody asks Acme",
            "ACME_SIGNING": DEFAULT_SIGNING_SECRET,
            **({"LEVADA_DATABASE_URL": database_url} if database_url else {}),
        }
        secrets = ("--secret", "api_key=env:ACME_KEY", "--secret", "signing_secret=env:ACME_SIGNING")
        for number in range(CONNECTIONS):
            say(self._environment, "connections", "add", "acme", "--name", f"acme-{number}", *secrets)
        self._engine = make_engine(database_url or f"sqlite:///{folder / 'levada.db'}")
        self._next = 1

    @contextmanager
    def serving(self) -> Iterator[Daemon]:
        """A daemon serves inside the block."""
        daemon = Daemon(self._environment)
        try:
            yield daemon
        finally:
            daemon.stop()

    def push(self, daemon: Daemon, *, rate: float, seconds: float) -> Pushed:
        """Begin to send payments that nobody has sent before, to the connections in turn."""
        urls = [f"{daemon.url}/hooks/acme-{number}/events" for number in range(CONNECTIONS)]
        words = [sys.executable, "-m", "benchmarks.webhooks.sender", *urls, "--secret", DEFAULT_SIGNING_SECRET]
        words += ["--rate", str(rate), "--seconds", str(seconds), "--first", str(self._next)]
        self._next += int(rate * seconds)
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ})
        assert process.stdout is not None
        assert process.stdout.readline() == '"ready"\n', "the sender did not start"
        return Pushed(process)

    def receipts(self) -> dict[str, int]:
        """Return how many receipts are in which state."""
        return {
            str(state): int(count) for state, count in self._rows("SELECT state, count(*) FROM receipts GROUP BY 1")
        }

    def settled(self, within_s: float) -> float:
        """Wait until no receipt waits any more; return how long that took."""
        began = time.monotonic()
        while self._rows("SELECT 1 FROM receipts WHERE state = 'received' LIMIT 1"):
            assert time.monotonic() - began < within_s, f"receipts still wait: {self.receipts()}"
            time.sleep(_EVERY_S)
        return time.monotonic() - began

    def check(self, accepted: dict[str, str]) -> None:
        """Raise AssertionError unless each is a receipt that was carried out, and a document of one version."""
        states = dict(self._rows("SELECT id, state FROM receipts"))
        wrong = [receipt for receipt in accepted.values() if states.get(receipt) != "processed"]
        assert not wrong, f"{len(wrong)} deliveries were answered 202 and are not carried out, such as {wrong[0]}"
        found = {str(key): int(count) for key, count in self._rows("SELECT idempotency_key, versions FROM documents")}
        missing = [number for number in accepted if found.get(f"acme:payment:{number}") != 1]
        assert not missing, f"{len(missing)} payments are not there once, such as {missing[0]}"

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()
