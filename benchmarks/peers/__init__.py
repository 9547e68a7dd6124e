"""Ours beside others that bring records into a database: the same records, phases and machine, in one run.

Every side asks the same source over HTTP and ends with the same rows in its own fresh store, which is looked at after
every phase. What is timed is the whole process, its start included; only `ingest alone` and `raw SQL` are timed from
within, since they have no source. A peer that cannot be installed is named and left out.
"""

import argparse

from benchmarks.peers.comparison import Outcome, compare
from benchmarks.peers.model import Side, UnavailableError
from benchmarks.peers.others import Dlt, PyAirbyte, Singer, SqliteUtils
from benchmarks.peers.ours import Alone, Sandboxed, Served
from benchmarks.peers.raw import Raw
from benchmarks.peers.server import Server, server
from benchmarks.peers.table import show
from benchmarks.workload import KINDS

STORES = ("PostgreSQL", "SQLite")
SIDES: dict[str, tuple[Side, ...]] = {
    "ours": (Sandboxed("PostgreSQL"), Sandboxed("SQLite")),
    "served": (Served("PostgreSQL"), Served("SQLite")),
    "alone": (Alone("PostgreSQL"), Alone("SQLite")),
    "raw": (Raw("PostgreSQL"), Raw("SQLite")),
    "dlt": (Dlt(),),
    "dlt-tuned": (Dlt("dlt merge, tuned", "the same by parquet and ADBC, normalised by two processes", tuned=True),),
    "dlt-pydantic": (Dlt("dlt merge, pydantic", "dlt merge, each record validated by a contract", contract=True),),
    "singer": (Singer(),),
    "pyairbyte": (PyAirbyte(),),
    "sqlite-utils": (SqliteUtils(),),
}


def measure(words: argparse.Namespace) -> None:
    """Compare the sides that were asked for on the kinds that were asked for; exit with 1 when one is wrong."""
    stores = words.stores or STORES
    chosen = [side for name in words.sides or SIDES for side in SIDES[name] if side.store in stores]
    try:
        with server() as running:
            wrong = _compare(chosen, words, running)
    except UnavailableError as reason:
        wrong = _compare(chosen, words, str(reason))
    if wrong:
        raise SystemExit(1)


def _compare(chosen: list[Side], words: argparse.Namespace, running: Server | str) -> list[Outcome]:
    print(running.version if isinstance(running, Server) else running)
    wrong = []
    for kind in words.kinds or KINDS:
        print(f"\n{words.records} records of {kind}, in pages of 1,000 over loopback HTTP; whole processes")
        outcomes = compare(chosen, kind, words.records, running)
        show(outcomes, words.records)
        wrong += [outcome for outcome in outcomes if outcome.wrong]
    return wrong
