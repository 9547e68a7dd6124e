"""`python -m benchmarks [ingest|wall|all]`, on this machine, now; only ratios within one run are claims."""

import argparse
import os
import platform

from benchmarks import ingest, wall

SUBJECTS = {"ingest": ingest.measure, "wall": wall.measure}


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("subject", nargs="?", choices=[*SUBJECTS, "all"], default="all")
    parser.add_argument("--records", type=int, default=50_000, help="documents of each pass of ingest")
    parser.add_argument("--runs", type=int, default=200, help="runs, webhooks and requests that are timed")
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
