"""Run the sample source by hand: `python -m levada_acme.sample --port 8420`."""

import argparse
import sys
import time

from levada_acme.sample.server import DEFAULT_API_KEY, SampleSource


def main() -> None:
    """Serve until interrupted, advancing the data at the interval asked for."""
    words = _words()
    with SampleSource(
        seed=words.seed,
        customers=words.customers,
        invoices=words.invoices,
        invalid=words.invalid,
        faults=not words.no_faults,
        api_key=words.api_key,
        port=words.port,
    ) as acme:
        sys.stdout.write(f"Acme is at {acme.base_url} (API key: {acme.api_key}); Ctrl-C stops it\n")
        sys.stdout.flush()
        _pass_time(acme, words.advance_every)


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m levada_acme.sample", description="A sample Acme Billing source.")
    parser.add_argument("--port", type=int, default=8420)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--invoices", type=int, default=3000)
    parser.add_argument("--invalid", type=int, default=3, help="how many invoices are wrong")
    parser.add_argument("--api-key", default=DEFAULT_API_KEY)
    parser.add_argument("--no-faults", action="store_true", help="never answer 429 or 503")
    parser.add_argument("--advance-every", type=float, default=60.0, metavar="SECONDS", help="0: the data stands still")
    return parser.parse_args()


def _pass_time(acme: SampleSource, every_s: float) -> None:
    try:
        while True:
            time.sleep(every_s or 3600)
            if every_s:
                acme.advance()
    except KeyboardInterrupt:
        sys.stdout.write("Acme is closed\n")


if __name__ == "__main__":
    main()
