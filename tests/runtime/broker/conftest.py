"""A source on loopback that a test tells what to answer, and a broker for a connector that reads from it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from threading import Thread

import pytest
from tests.loopback import Loopback, Quiet, make_authority

from levada import Connector, bearer, from_setting, secret, url
from levada_runtime.sandbox.broker.service import Broker

SECRET = "s3cret/with+signs"


class Source:
    """`answers` maps a path to a list of (status, headers, body), the last of which stays; `seen` is what arrived.

    `callers` are the ports it came from, and `open_sockets` counts those that are still connected. It answers after
    `delay_s`.
    """

    def __init__(self) -> None:
        self.answers = {}
        self.seen = []
        self.callers = []
        self.open_sockets = 0
        self.delay_s = 0
        self.fallback = (404, [], b"")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                outer.open_sockets += 1

            def finish(self):
                outer.open_sockets -= 1
                super().finish()

            def answer(self):
                outer.callers.append(self.client_address[1])
                time.sleep(outer.delay_s)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.seen.append((self.command, self.path, dict(self.headers), body))
                left = outer.answers.get(self.path.partition("?")[0], [outer.fallback])
                status, headers, content = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815 -- the standard library's names

            def log_message(self, *args):
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def says(self, path, *answers):
        """Answer a path: a status, or a status with headers and a value for the body."""
        whole = [answer if isinstance(answer, tuple) else (answer,) for answer in answers]
        self.answers[path] = [
            (one[0], list(one[1].items()) if len(one) > 1 else [], json.dumps(one[2] if len(one) > 2 else {}).encode())
            for one in whole
        ]

    @property
    def place(self):
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self):
        return f"http://{self.place}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    """What is to be closed at the end."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def new_source(cleanup) -> Callable[[], Source]:
    """Returns what starts another source."""

    def make():
        source = Source()
        cleanup.callback(source.close)
        return source

    return make


@pytest.fixture
def source(new_source) -> Source:
    """The source that the connector declares."""
    return new_source()


@pytest.fixture
def slept() -> list[float]:
    """The waits a broker has asked for; none of them is waited."""
    return []


@pytest.fixture
def new_broker(cleanup, source, slept) -> Callable[..., Broker]:
    """Returns what makes a broker of a connector with the source in its setting `api_base` and the secret in `key`."""

    def make(*, hosts=None, auth=None, settings=(), values=None, secrets=None, allow=(), **words):
        connector = Connector(
            "shop",
            hosts=[from_setting("api_base")] if hosts is None else hosts,
            auth=bearer("key") if auth is None else auth,
            settings=[url("api_base"), secret("key"), *settings],
        )
        broker = Broker(
            connector.manifest(),
            {"api_base": source.url} | (values or {}),
            {"key": SECRET} if secrets is None else secrets,
            allow_private=[source.place, *allow],
            sleep=words.pop("sleep", slept.append),
            jitter=lambda: 1.0,
            **words,
        )
        return cleanup.enter_context(broker)

    return make


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate for a name: what a server shows, and what a client must trust for it."""
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(cleanup, authority) -> Loopback:
    """A source with a name and a certificate."""
    server = Loopback(authority[0])
    cleanup.callback(server.close)
    return server
