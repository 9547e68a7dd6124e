"""A source that pushes as real ones do: a delivery is sent again until it is answered 202, and the next only then."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from threading import Event, Thread

from levada_acme.sample.push import SIGNATURE, payment_event, sign
from levada_acme.sample.rows import payment

INVOICE = {
    "id": 50001,
    "number": "INV-50001",
    "customer": {"id": 1001, "name": "Ada Abbott"},
    "currency": "EUR",
    "lines": [{"amount": "12.50"}],
}
EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = 12


def delivery(number: int, turn: int) -> tuple[str, bytes]:
    """Return the id and the body of the word on a payment in its so-manieth turn; every turn is another version."""
    at = EPOCH + timedelta(hours=turn, seconds=number)
    row = {**payment(number, INVOICE, at, nonce=f"turn-{turn}"), "state": "settled" if turn % 2 else "returned"}
    event = {**payment_event(row), "id": f"evt_{number}_{turn}", "at": at.isoformat()}
    return event["id"], json.dumps(event).encode()


class Pusher:
    """Pushes turn after turn of the same payments to a site's daemon, whichever serves it just now."""

    def __init__(self, site, secret):
        self.answers = Counter()
        self.accepted = []
        self.waiting = False
        self.site, self._secret = site, secret
        self.turns = 0
        self._thread = None
        self._stop = Event()

    def push(self, turns: int, pause_s: float = 0.0):
        """Begin to push so many more turns of every payment."""
        first, self.turns = self.turns, self.turns + turns
        self._thread = Thread(target=self._push, args=(range(first, first + turns), pause_s), daemon=True)
        self._thread.start()

    @property
    def pushing(self):
        return self._thread is not None and self._thread.is_alive()

    def join(self):
        self._thread.join(300)
        assert not self._thread.is_alive(), f"the source could not get rid of its deliveries: {self.answers}"

    def stop(self):
        self._stop.set()

    def _push(self, turns, pause_s):
        for turn in turns:
            for number in range(1, KEYS + 1):
                self._deliver(*delivery(number, turn))
                if self._stop.wait(pause_s):
                    return

    def _deliver(self, event_id, body):
        while not self._stop.is_set():
            status, receipt = self._ask(body)
            self.answers[status] += 1
            if status == 202:
                self.accepted.append((event_id, receipt))
                return
            time.sleep(0.05)

    def _ask(self, body):
        url = self.site.url
        if url is None:
            return "nobody", None
        headers = {"Content-Type": "application/json", SIGNATURE: sign(body, self._secret)}
        self.waiting = True
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
                return answer.status, json.loads(answer.read())["receipt_id"]
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code, None
        except (OSError, HTTPException, ValueError):
            return "cut off", None
        finally:
            self.waiting = False
