"""`python -m benchmarks [SUBJECT|all]`, on this machine, now; only ratios within one run are claims."""

import argparse
import os
import platform

from benchmarks import graph, ingest, instructions, peers, scale, schedule, snapshot, wall, webhooks
from benchmarks.workload import KINDS

SUBJECTS = {
    "ingest": ingest.measure,
    "wall": wall.measure,
    "peers": peers.measure,
    "scale": scale.measure,
    "instructions": instructions.measure,
    "schedule": schedule.measure,
    "webhooks": webhooks.measure,
    "graph": graph.measure,
    "snapshot": snapshot.measure,
}


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("subject", nargs="?", choices=[*SUBJECTS, "all"], default="all")
    parser.add_argument("--records", type=int, default=100_000, help="records of each phase of ingest and peers")
    parser.add_argument("--runs", type=int, default=200, help="runs, webhooks and requests that are timed")
    parser.add_argument("--sides", nargs="*", choices=list(peers.SIDES), help="only these sides of peers")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), help="only these kinds of record of peers")
    parser.add_argument(
        "--stores",
        nargs="*",
        choices=peers.STORES,
        help="only these stores of peers, scale, schedule, webhooks, graph and snapshot",
    )
    parser.add_argument(
        "--most",
        type=int,
        default=2_000_000,
        help="stored documents up to which scale and instructions go, and entities up to which graph and snapshot go",
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long webhooks are sent")
    words = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {_load()}")
    for name, measure in SUBJECTS.items():
        if words.subject in (name, "all"):
            print(f"\n== {name}")
            measure(words)
    print(f"\nat the end: {_load()}")


def _load() -> str:
    return f"load average {os.getloadavg()[0]:.2f}"


if __name__ == "__main__":
    main()
