"""The source that every side asks: pages of 1,000 records over HTTP on loopback, rendered before anything is timed."""

import http.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

import orjson

from benchmarks.workload import pages


class Source:
    """A running source of one kind of record; `changed` is what phase C sets."""

    def __init__(self, kind: str, records: int) -> None:
        self.changed = False
        self._kind = kind
        self._pages = {changed: _rendered(kind, records, changed) for changed in (False, True)}
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Return the address to ask, without the path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str) -> bytes | None:
        """Return a page, an empty one after the last; None where there is nothing of the kind."""
        asked = urlsplit(path)
        if asked.path != f"/{self._kind}":
            return None
        number, served = int(parse_qs(asked.query)["page"][0]), self._pages[self.changed]
        return served[number - 1] if number <= len(served) else b'{"data":[]}'

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _rendered(kind: str, records: int, changed: bool) -> list[bytes]:
    return [orjson.dumps({"data": page}) for page in pages(kind, records, changed=changed)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], source: Source) -> None:
        super().__init__(address, _Handler)
        self.source = source


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answer with a page."""
        body = self.server.source.answer(self.path)
        self.send_response(http.client.OK if body is not None else http.client.NOT_FOUND)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""
