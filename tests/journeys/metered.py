"""A source that takes ten requests a second from one token, and its connector, as a distribution on the path."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.loopback import Quiet
from tests.runtime.access.token_server import TokenServer

STREAMS = 20
CONNECTOR = f'''
"""Reads rows one by one."""

from levada import Connector, from_setting, oauth2_refresh, secret, text, url

connector = Connector(
    "metered",
    hosts=[from_setting("api_base")],
    auth=oauth2_refresh("/token", client_id="client", refresh_token="refresh"),
    settings=[url("api_base"), text("client", default="levada"), secret("refresh"), text("rows", default="20")],
)


def read(http, ingest, stream, first, rows):
    for number in range(first, first + rows):
        row = http.get(f"/{{stream}}/{{number}}").raise_for_status().json
        ingest.batch("customer", [row], idempotency_key=lambda one: one["customer_id"])


def polled(stream):
    @connector.poll(stream, every="0 0 1 1 *")
    def rows_of_it(http, ingest, checkpoint, settings):
        """Rows from where the last run ended."""
        first, rows = checkpoint.get("next", 0), int(settings["rows"])
        read(http, ingest, stream, first, rows)
        checkpoint.save(next=first + rows)


for number in range({STREAMS}):
    polled(f"stream-{{number}}")


@connector.backfill("stream-0", slice="P1D")
def past(http, ingest, window):
    """A day of rows."""
    read(http, ingest, "past", window.start.toordinal() * 1_000, 30)
'''


class Metered:
    """Takes `limit` requests in any second, and says 429 to the next with a word on when to come back, and no other.

    `taken` and `refused` are the moments of either, with the path. Before it there is a server that gives out tokens.
    """

    def __init__(self, limit=10):
        self.tokens = TokenServer()
        self.taken, self.refused = [], []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say(*outer.tokens.issue(body))

            def do_GET(self):
                if self.headers.get("Authorization") != f"Bearer {outer.tokens.good}":
                    self._say(401, {})
                elif not outer._takes(self.path, limit):
                    self._say(429, {}, {"Retry-After": "1"})
                else:
                    self._say(200, {"customer_id": self.path, "name": f"Row {self.path}"})

            def _say(self, status, said, headers=None):
                content = json.dumps(said).encode()
                self.send_response(status)
                for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def place(self):
        return f"127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self.tokens.close()

    def _takes(self, path, limit):
        with self._lock:
            now = time.monotonic()
            takes = sum(1 for at, _ in self.taken[-limit:] if at > now - 1) < limit
            (self.taken if takes else self.refused).append((now, path))
            return takes


def install(folder: Path) -> None:
    """Install the connector in a folder that is to be put on the path."""
    (folder / "levada_metered").mkdir(parents=True)
    (folder / "levada_metered" / "__init__.py").write_text(CONNECTOR)
    info = folder / "levada_metered-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: levada-metered\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\nmetered = levada_metered:connector\n")
