"""`python -m benchmarks`: everything, on this machine, now. Keep it quiet: only ratios within one run are claims."""

import argparse
import platform

from benchmarks import ingest, runs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=200)
    words = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}\n")
    runs.measure(words.runs)
    print()
    ingest.measure(words.records)


if __name__ == "__main__":
    main()
