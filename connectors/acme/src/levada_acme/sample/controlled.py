"""The sample source as a process that another program holds by a pipe: `python -m levada_acme.sample.controlled`.

Each line on its input is a word, and each gets one JSON line on its output: `served` tells what the source would serve now,
`advance` lets time pass first. It ends with its input.
"""

import argparse
import json
import sys

from levada_acme.sample.server import SampleSource


def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m levada_acme.sample.controlled")
    parser.add_argument("--nonce", default=None, help="carried in some customers' data")
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--invoices", type=int, default=3000)
    words = parser.parse_args()
    with SampleSource(customers=words.customers, invoices=words.invoices, nonce=words.nonce) as acme:
        _say({"api_base": acme.base_url, "api_key": acme.api_key, "served": acme.served.counts})
        for line in sys.stdin:
            if line.strip() == "advance":
                acme.advance()
            _say({"served": acme.served.counts, "requests": acme.requests})


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
