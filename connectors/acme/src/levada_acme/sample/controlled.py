"""Run the sample source for another program, which tells it over standard input what to do.

The first line out says where it listens. Then each line in (`served` or `advance`) gets one line of JSON back with what
is served now. It ends when its input does, so that it never outlives the program that started it.
"""

import argparse
import json
import sys

from levada_acme.sample.server import SampleSource


def main() -> None:
    """Serve on a free port until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m levada_acme.sample.controlled", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")
    parser.add_argument("--nonce", help="a word carried by some of the customers")
    words = parser.parse_args()
    with SampleSource(seed=words.seed, nonce=words.nonce) as acme:
        _say({"api_base": acme.base_url, "api_key": acme.api_key, "served": acme.served.counts})
        for line in sys.stdin:
            _say(_obey(acme, line.strip()))


def _obey(acme: SampleSource, word: str) -> dict[str, object]:
    if word not in {"served", "advance"}:
        return {"error": f"say `served` or `advance`, not {word!r}"}
    if word == "advance":
        acme.advance()
    return {"served": acme.served.counts}


def _say(values: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
