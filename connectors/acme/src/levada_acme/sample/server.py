"""Acme's HTTP API on loopback: a bearer key, pages by Link header, and now and then a fault, as real sources have.

It also pushes signed events to whom it is told, and keeps whatever is sent to its own `/received`.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from levada_acme.sample.book import Book, Served
from levada_acme.sample.push import DEFAULT_SIGNING_SECRET, payment_event, push

DEFAULT_API_KEY = "acme-sample-key"
PAGE_SIZE = 200
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Faults:
    """Which requests fail: every so many-eth, counted over the life of the source; 0 for never."""

    rate_limited_every: int = 17
    unavailable_every: int = 23
    retry_after_s: int = 1

    def answer(self, request: int) -> tuple[int, dict[str, str]] | None:
        """Return the fault of the n-th request (from 1), or None when it is served."""
        if self.rate_limited_every and request % self.rate_limited_every == 0:
            return 429, {"Retry-After": str(self.retry_after_s)}
        if self.unavailable_every and request % self.unavailable_every == 0:
            return 503, {}
        return None


class SampleSource:
    """A running Acme: `start()` it or use it in a `with`, read `base_url`, `advance()` it, compare with `served`."""

    def __init__(
        self,
        *,
        seed: int = 1,
        customers: int = 2000,
        invoices: int = 3000,
        invalid: int = 3,
        nonce: str | None = None,
        faults: bool | Faults = True,
        api_key: str = DEFAULT_API_KEY,
        signing_secret: str = DEFAULT_SIGNING_SECRET,
        port: int = 0,
    ) -> None:
        self.api_key = api_key
        self.signing_secret = signing_secret
        self.received: list[bytes] = []
        self.requests = 0
        self._faults = Faults() if faults is True else faults or Faults(0, 0)
        self._book = Book(seed=seed, customers=customers, invoices=invoices, invalid=invalid, nonce=nonce)
        self._port = port
        self._lock = Lock()
        self._server: _Server | None = None

    @property
    def base_url(self) -> str:
        """The address to give to a connection as `api_base`."""
        if self._server is None:
            raise RuntimeError("the sample source is not running: call start() first")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def served(self) -> Served:
        """What a connector that reads everything now must end up with."""
        with self._lock:
            return self._book.served()

    def start(self) -> str:
        """Listen on loopback in a background thread; return the base URL."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self._port), self)
            Thread(target=self._server.serve_forever, args=(0.05,), name="acme-sample", daemon=True).start()
        return self.base_url

    def stop(self) -> None:
        """Stop listening; the data stays, so that a later `start()` goes on from here."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def advance(self) -> None:
        """Let time pass: customers change, come and go, invoices are paid."""
        with self._lock:
            self._book.advance()

    def settle(self, url: str) -> tuple[int, int]:
        """Settle a payment and push it, signed, to this address; return the status of the answer and the payment's id.

        Raises LookupError when there is no invoice to pay.
        """
        with self._lock:
            payment = self._book.settle()
        return push(url, payment_event(payment), self.signing_secret), payment["id"]

    def keep(self, body: bytes) -> int:
        """Keep a body that somebody sent here; return how many there are."""
        with self._lock:
            self.received.append(body)
            return len(self.received)

    def fault(self) -> tuple[int, dict[str, str]] | None:
        """Count one request and return its fault, if it is this one's turn."""
        with self._lock:
            self.requests += 1
            return self._faults.answer(self.requests)

    def page(self, kind: str, *, since: str, after: int) -> tuple[list[dict[str, Any]], bool]:
        """Return one page of rows and whether there are more."""
        with self._lock:
            return self._book.page(kind, since=since, after=after, size=PAGE_SIZE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], source: SampleSource) -> None:
        super().__init__(address, _Handler)
        self.source = source


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answer one request: the key first, then a fault if it is due, then the rows."""
        place = urlsplit(self.path)
        if self.headers.get("Authorization") != f"Bearer {self.server.source.api_key}":
            self._answer(401, {"error": "the API key is missing or wrong"})
        elif fault := self.server.source.fault():
            self._answer(fault[0], {"error": "try again later"}, fault[1])
        elif place.path == "/account":
            self._answer(200, {"account": "Acme sample"})
        elif place.path in {"/customers", "/invoices"}:
            self._answer_page(place.path, parse_qs(place.query))
        else:
            self._answer(404, {"error": f"there is nothing at {place.path}"})

    def do_POST(self) -> None:
        """Keep what is sent to `/received`, for anybody who wants to see that it arrived."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/received":
            self._answer(404, {"error": f"nothing is received at {self.path}"})
        elif not length.isdecimal() or int(length) > LARGEST:
            self._answer(413, {"error": f"a body of at most {LARGEST} bytes, with its Content-Length, is received"})
        else:
            self._answer(200, {"received": self.server.source.keep(self.rfile.read(int(length)))})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the standard library's
        """Say nothing: the demo's output is the runtime's."""

    def _answer_page(self, path: str, query: dict[str, list[str]]) -> None:
        since, after = query.get("since", [""])[0], query.get("after", ["0"])[0]
        if not after.isdecimal():
            self._answer(400, {"error": "after must be a number"})
            return
        page, more = self.server.source.page(path[1:], since=since, after=int(after))
        self._answer(200, page, {"Link": self._next(path, page[-1])} if more else None)

    def _next(self, path: str, last: dict[str, Any]) -> str:
        """Spell the next page under the name the caller used, so that an allow-list by that name holds."""
        query = urlencode({"since": last["updated_at"], "after": last["id"]})
        return f'<http://{self.headers["Host"]}{path}?{query}>; rel="next"'

    def _answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.close_connection = self.close_connection or (self.command == "POST" and status != HTTPStatus.OK)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
