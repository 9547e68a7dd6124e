"""Sends signed deliveries at an even pace, whatever the answers do, and tells how long each took from when it was due.

A program of its own, so that it waits for nobody: `python -m benchmarks.webhooks.sender URL… --rate 500 --seconds 60`.
It says `ready` when everything is signed, begins when a line is read, and ends with one line of JSON.
"""

import argparse
import asyncio
import gc
import itertools
import json
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from levada_acme.sample.push import SIGNATURE, payment_event, sign
from levada_acme.sample.rows import payment

ANSWER_WITHIN_S = 30.0
EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
INVOICE = {
    "id": 50001,
    "number": "INV-50001",
    "customer": {"id": 1001, "name": "Ada Abbott"},
    "currency": "EUR",
    "lines": [{"amount": "12.50"}],
}


class Line(asyncio.Protocol):
    """One connection that is kept; it carries one delivery at a time."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._heard = b""
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take the answer once it is whole."""
        self._heard += data
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if not found or self._answer is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) >= length and not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, _error: Exception | None) -> None:
        """Whoever waits hears that there will be no answer."""
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError())

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a delivery and return status and body of its answer."""
        self._heard, self._answer = b"", asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer


class Sender:
    """Sends each delivery when it is due, over as many connections as that takes."""

    def __init__(self, port: int) -> None:
        self.statuses: Counter[str] = Counter()
        self.took: list[float] = []
        self.accepted: dict[int, str] = {}
        self.late_s = 0.0
        self._port = port
        self._idle: list[Line] = []

    async def send_all(self, requests: list[tuple[int, bytes]], rate: float) -> None:
        """Send everything at this rate; stop where nobody listens any more."""
        sent: set[asyncio.Task[None]] = set()
        began = time.perf_counter() + 0.1
        for place, (number, request) in enumerate(requests):
            due = began + place / rate
            pause = due - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            self.late_s = max(self.late_s, time.perf_counter() - due)
            if self.statuses["refused"]:
                break
            one = asyncio.ensure_future(self._send(number, request, due))
            sent.add(one)
            one.add_done_callback(sent.discard)
        if sent:
            await asyncio.wait(sent, timeout=ANSWER_WITHIN_S)
        self.statuses["unanswered"] += len(sent)

    async def _send(self, number: int, request: bytes, due: float) -> None:
        try:
            line, (status, body) = await self._asked(request)
        except ConnectionRefusedError:
            self.statuses["refused"] += 1
        except OSError:
            self.statuses["cut off"] += 1
        else:
            self.took.append(time.perf_counter() - due)
            self.statuses[str(status)] += 1
            if status == 202:
                self.accepted[number] = json.loads(body)["receipt_id"]
            self._idle.append(line)

    async def _asked(self, request: bytes) -> tuple[Line, tuple[int, bytes]]:
        """Ask over a connection that is idle; one that the daemon has closed meanwhile is replaced, as clients do."""
        while self._idle:
            line = self._idle.pop()
            if not line.closed:
                with suppress(ConnectionError):
                    return line, await line.ask(request)
        line = await self._connect()
        return line, await line.ask(request)

    async def _connect(self) -> Line:
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(Line, "127.0.0.1", self._port)
        return line


def deliveries(urls: list[str], secret: str, first: int, count: int) -> list[tuple[int, bytes]]:
    """Return signed requests, each of a payment of its own, to the addresses in turn."""
    made = []
    for number, url in zip(range(first, first + count), itertools.cycle(urls)):
        place = urlsplit(url)
        row = {**payment(number, INVOICE, EPOCH + timedelta(seconds=number), nonce=None), "state": "settled"}
        body = json.dumps({**payment_event(row), "at": EPOCH.isoformat()}).encode()
        head = (
            f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{SIGNATURE}: {sign(body, secret)}\r\n\r\n"
        )
        made.append((number, head.encode() + body))
    return made


def main() -> None:
    """Sign, wait for the word, send, tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webhooks.sender", description=__doc__)
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--secret", required=True)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=1, help="the number of the first payment")
    words = parser.parse_args()
    requests = deliveries(words.urls, words.secret, words.first, int(words.rate * words.seconds))
    gc.freeze()
    _say("ready")
    sys.stdin.readline()
    sender = Sender(urlsplit(words.urls[0]).port or 80)
    asyncio.run(sender.send_all(requests, words.rate))
    _say(
        {
            "sent": len(requests),
            "statuses": {name: count for name, count in sender.statuses.items() if count},
            "took": sender.took,
            "late_s": sender.late_s,
            "accepted": sender.accepted,
        }
    )


def _say(told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
