"""Webhooks as they come in: 500 a second for a minute into a real daemon, and what is there when it is killed.

On each store first the pace: how long a delivery takes from when it was due until it is answered, while the workers
carry out what came before, and whether every one is a document in the end. Then the daemon is killed under the same
load: every delivery that was answered 202 must be there, and be carried out by the daemon that is started next.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.peers.model import UnavailableError
from benchmarks.peers.server import server
from benchmarks.webhooks.site import Site, Told

STORES = ("SQLite", "PostgreSQL")
RATE = 500
P50_MS, P99_MS = 10, 30
KILLED_AFTER_S, CARRIED_OUT_WITHIN_S = 5, 900


def measure(words: argparse.Namespace) -> None:
    """Print both for each store."""
    for name in words.stores or STORES:
        with tempfile.TemporaryDirectory(prefix="levada-webhooks-") as folder:
            if name == "SQLite":
                _measure(name, Path(folder), None, words.seconds)
                continue
            try:
                with server() as running:
                    database = running.create("webhooks")
                    _measure(name, Path(folder), database.url, words.seconds)
                    running.drop(database)
            except UnavailableError as reason:
                print(f"{name}: {reason}")


def _measure(name: str, folder: Path, database_url: str | None, seconds: float) -> None:
    with Site(folder, database_url) as site:
        _pace(name, site, seconds)
        _kill(name, site)


def _pace(name: str, site: Site, seconds: float) -> None:
    with site.serving() as daemon:
        site.push(daemon, rate=50, seconds=2).done()  # the child is warm, the doors are open
        site.settled(CARRIED_OUT_WITHIN_S)
        told = site.push(daemon, rate=RATE, seconds=seconds).done()
        at_once = site.receipts().get("processed", 0)
        _say_pace(name, told)
        waited_s = site.settled(CARRIED_OUT_WITHIN_S)
        site.check(told.accepted)
    rest = told.sent - at_once
    print(f"{name}: {at_once} were carried out meanwhile, the other {rest} in {waited_s:.0f} s more; all are documents")


def _say_pace(name: str, told: Told) -> None:
    p50, p95, p99 = (told.quantile_ms(share) for share in (0.50, 0.95, 0.99))
    met = "met" if p50 < P50_MS and p99 < P99_MS and set(told.statuses) == {"202"} else "MISSED"
    print(
        f"{name}: {told.sent} deliveries at {RATE}/s: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, slowest"
        f" {told.quantile_ms(1):.0f} ms (goals {P50_MS} and {P99_MS}: {met}); answered {told.statuses}; the sender was"
        f" late by at most {told.late_s * 1000:.0f} ms",
        flush=True,
    )


def _kill(name: str, site: Site) -> None:
    with site.serving() as daemon:
        pushed = site.push(daemon, rate=RATE, seconds=4 * KILLED_AFTER_S)
        pushed.sleep(KILLED_AFTER_S)
        daemon.kill()
        told = pushed.done()
    left = site.receipts()
    with site.serving():
        waited_s = site.settled(CARRIED_OUT_WITHIN_S)
        site.check(told.accepted)
    cut, waiting = told.statuses.get("cut off", 0), left.get("received", 0)
    print(
        f"{name}: kill -9 of the daemon after {len(told.accepted)} answers, with {cut} deliveries under way, left"
        f" {waiting} receipts to be carried out; {waited_s:.0f} s after a restart every 202 is a document"
    )
