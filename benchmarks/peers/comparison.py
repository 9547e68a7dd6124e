"""The comparison itself: each side, phase after phase, into a fresh store, held against what was served."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers import environment, processes
from benchmarks.peers.model import PHASES, Cost, Phase, Place, Side, UnavailableError, WrongResultError
from benchmarks.peers.server import Server
from benchmarks.peers.source import Source

TIMEOUT_S = 900


@dataclass
class Outcome:
    """What became of a side: what each phase cost, or why there is nothing to be said."""

    side: Side
    versions: str = ""
    costs: dict[Phase, Cost] = field(default_factory=dict)
    unavailable: str | None = None
    wrong: str | None = None


def compare(sides: Iterable[Side], kind: str, records: int, server: Server | str) -> list[Outcome]:
    """Take each side through the three phases; `server` may be the reason why there is none."""
    outcomes = []
    with Source(kind, records) as source:
        for side in sides:
            outcome = Outcome(side)
            outcomes.append(outcome)
            print(f"  {side.name} → {side.store} …", flush=True)
            try:
                _measure(outcome, source, kind, records, server)
            except UnavailableError as reason:
                outcome.unavailable = str(reason)
            except WrongResultError as wrong:
                outcome.wrong = str(wrong)
    return outcomes


def _measure(outcome: Outcome, source: Source, kind: str, records: int, server: Server | str) -> None:
    side = outcome.side
    if side.store == "PostgreSQL" and isinstance(server, str):
        raise UnavailableError(server)
    with ExitStack() as kept:
        folder = Path(tempfile.mkdtemp(prefix="levada-bench-"))
        kept.callback(shutil.rmtree, folder, ignore_errors=True)
        database = None
        if side.store == "PostgreSQL" and isinstance(server, Server):
            database = server.create(f"{side.name} {kind}")
            kept.callback(server.drop, database)
        place = Place(folder, source.url, kind, records, database, kept)
        outcome.versions = side.prepare(place)
        for phase in PHASES:
            source.changed = phase == "C"
            outcome.costs[phase] = _phase(side, place, phase, server if isinstance(server, Server) else None)


def _phase(side: Side, place: Place, phase: Phase, server: Server | None) -> Cost:
    work = side.work(place, phase)
    words = {**environment.inherited(), **place.environment, **work.environment}
    if server is not None:
        server.settle()
    os.sync()
    before = server.cpu_s() if server and place.database else None
    log = place.folder / f"{phase}.log"
    try:
        seconds, cpu_s, rss_mb, said = processes.run(work.commands, words, log, TIMEOUT_S, work.beside)
        after = server.cpu_s() if server and place.database else None
        side.verify(place, phase, said)
    except WrongResultError as wrong:
        raise WrongResultError(f"phase {phase}: {wrong}") from None
    served = None if before is None or after is None else after - before
    if work.says_cost:
        inner = json.loads(said.splitlines()[-1])
        seconds, cpu_s = inner["seconds"], inner["cpu_s"]
    return Cost(seconds, cpu_s, served, rss_mb, said)
