"""Run the sample source for another program, which tells it over standard input what to do.

The first line out says where it listens. Then each line in gets one line of JSON back: `served` and `advance` what is
served now, `settle URL` the status of a signed payment event that was pushed there, `received` every body that was
sent to this source's own `/received`, as text. It ends when its input does, so that it never outlives the program that
started it.
"""

import argparse
import json
import sys

from levada_acme.sample.server import SampleSource


def main() -> None:
    """Serve on a free port until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m levada_acme.sample.controlled", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")
    parser.add_argument("--nonce", help="a word carried by some of the customers, and by every payment")
    words = parser.parse_args()
    with SampleSource(seed=words.seed, nonce=words.nonce) as acme:
        keys = {"api_key": acme.api_key, "signing_secret": acme.signing_secret}
        _say({"api_base": acme.base_url, **keys, "served": acme.served.counts})
        for line in sys.stdin:
            _say(_obey(acme, line.split()))


def _obey(acme: SampleSource, words: list[str]) -> dict[str, object]:
    match words:
        case ["served"]:
            return {"served": acme.served.counts}
        case ["advance"]:
            acme.advance()
            return {"served": acme.served.counts}
        case ["settle", url]:
            return _settle(acme, url)
        case ["received"]:
            return {"received": [body.decode(errors="replace") for body in acme.received]}
    return {"error": f"say `served`, `advance`, `settle URL` or `received`, not {' '.join(words)!r}"}


def _settle(acme: SampleSource, url: str) -> dict[str, object]:
    try:
        status, payment = acme.settle(url)
    except (OSError, ValueError, LookupError) as error:
        return {"error": f"nothing could be pushed to {url}: {error}"}
    return {"status": status, "payment": payment}


def _say(values: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
