"""A source in trouble: it hangs, breaks off in the middle of an answer, asks for patience, fails, and talks nonsense.

Its data is Acme's and stays consistent: whoever asks often enough reads everything.
"""

import json
import random
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qs, urlencode, urlsplit

from levada_acme.sample import SampleSource

PAGE_SIZE = 20
TROUBLES = ("429", "500", "503", "garbage", "truncated", "hangs")


class TroubledSource(SampleSource):
    """Acme, with a share of troubled answers, each of them counted; `asked` tells whether somebody waits for one."""

    def __init__(self, *, trouble: float, hangs_s: float, pause_s: float = 0.0, **size) -> None:
        super().__init__(**size, faults=False)
        self.had = Counter()
        self._trouble, self._hangs_s, self._pause_s = trouble, hangs_s, pause_s
        self._random, self._counting, self._asking = random.Random(1), Lock(), 0
        self._troubled_server = None

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self._troubled_server.server_port}"

    @property
    def asked(self):
        return self._asking > 0

    def start(self):
        self._troubled_server = _Server(("127.0.0.1", 0), self)
        Thread(target=self._troubled_server.serve_forever, args=(0.05,), daemon=True).start()
        return self.base_url

    def stop(self):
        self._troubled_server.shutdown()
        self._troubled_server.server_close()

    def calm(self, trouble=0.0):
        """Have so much trouble from now on."""
        self._trouble = trouble

    @property
    def moment(self):
        """A moment after which nothing has changed yet."""
        with self._lock:
            return self._book._now + timedelta(seconds=1)

    def changes(self, kind):
        """Return every row's id, when it changed last, and whether it is deleted."""
        with self._lock:
            return [(row["id"], row["updated_at"], row.get("deleted", False)) for row in self._book._by_change(kind)]

    @staticmethod
    def moment_in(state):
        """Return how far a checkpoint says that somebody has read."""
        return (json.loads(state) if isinstance(state, str) else state)["since"]

    def page(self, kind, *, since, after):
        with self._lock:
            return self._book.page(kind, since=since, after=after, size=PAGE_SIZE)

    def answer(self, handler):
        with self._counting:
            self._asking += 1
            trouble = self._random.choice(TROUBLES) if self._random.random() < self._trouble else None
            self.had[trouble or "served"] += 1
        try:
            time.sleep(self._pause_s)
            if trouble is None:
                handler.serve(self)
            else:
                self._make(trouble, handler)
        finally:
            with self._counting:
                self._asking -= 1

    def _make(self, trouble, handler):
        match trouble:
            case "429":
                handler.send(429, b"later", {"Retry-After": "0"})
            case "500" | "503":
                handler.send(int(trouble), b"no")
            case "garbage":
                handler.send(200, b"<html>Sign in to the hotel's network</html>")
            case "truncated":
                handler.send(200, b'[{"id": 1001, "na', {"Content-Length": "4000"})
                handler.close_connection = True
            case "hangs":
                time.sleep(self._hangs_s)
                handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address, source):
        super().__init__(address, _Handler)
        self.source = source

    def handle_error(self, request, client_address):
        """Clients that are killed in the middle are what this is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.headers.get("Authorization") != f"Bearer {self.server.source.api_key}":
            self.send(401, b"no")
            return
        with suppress(OSError):
            self.server.source.answer(self)

    def serve(self, source):
        asked = urlsplit(self.path)
        query = parse_qs(asked.query)
        since, after = query.get("since", [""])[0], int(query.get("after", ["0"])[0])
        page, more = source.page(asked.path[1:], since=since, after=after)
        headers = {}
        if more:
            following = urlencode({"since": page[-1]["updated_at"], "after": page[-1]["id"]})
            headers["Link"] = f'<http://{self.headers["Host"]}{asked.path}?{following}>; rel="next"'
        self.send(200, json.dumps(page).encode(), headers)

    def send(self, status, content, headers=()):
        self.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **dict(headers)}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""
