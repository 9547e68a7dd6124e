"""An authorisation server on loopback that rotates refresh tokens and takes each of them once."""

import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler
from threading import Thread
from urllib.parse import parse_qsl

from tests.loopback import Quiet

FIRST = "refresh-token-number-0"


class TokenServer:
    """`asked` are the forms it was sent; `answers` are said instead of a token, one after another.

    An access token is good as long as it is the newest; the source that it is for lives at any other path, and says who
    asked in `visits`. Its answers to who asks for a token have these `token_headers`.
    """

    def __init__(self, *, expires_in=3600, delay_s=0.0, rotating=True):
        self.asked, self.visits, self.answers, self.headers = [], [], [], []
        self.good = None
        self.token_headers = {}
        self.refresh = FIRST
        self.expires_in, self.delay_s, self.rotating = expires_in, delay_s, rotating
        self._numbers, self._lock = itertools.count(1), threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                if self.path == "/token":
                    outer.headers.append(dict(self.headers))
                    self._say(*outer.issue(body), outer.token_headers)
                else:
                    self.do_GET()

            def do_GET(self):
                given = self.headers.get("Authorization", "")
                good = outer.good is not None and given == f"Bearer {outer.good}"
                outer.visits.append((self.command, self.path, given, 200 if good else 401))
                self._say(200 if good else 401, [])

            def _say(self, status, said, headers=None):
                content = json.dumps(said).encode() if not isinstance(said, bytes) else said
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def place(self):
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self):
        return f"http://{self.place}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def issue(self, body):
        """Return the status and the values that a form is answered with."""
        form = dict(parse_qsl(body))
        time.sleep(self.delay_s)
        with self._lock:
            self.asked.append(form)
            if self.answers:
                return self.answers.pop(0)
            if form["grant_type"] == "refresh_token" and form.get("refresh_token") != self.refresh:
                return 400, {"error": "invalid_grant", "error_description": f"not {form.get('refresh_token')}"}
            number = next(self._numbers)
            self.good = f"access-token-number-{number}"
            said = {"access_token": self.good, "token_type": "Bearer", "expires_in": self.expires_in}
            if form["grant_type"] == "refresh_token" and self.rotating:
                self.refresh = said["refresh_token"] = f"refresh-token-number-{number}"
            return 200, said
