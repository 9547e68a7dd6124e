"""A request of a route's: from the child through the broker to a server on this machine and back."""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from benchmarks.wall.calls import Taker, poll, spread
from levada import Connector, url
from levada_runtime.sandbox.broker.service import Broker
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.protocol import HttpAnswer, HttpFrame

ROWS = b'{"rows": [' + b",".join(b'{"id": %d, "name": "Ada"}' % number for number in range(100)) + b"]}"
BODY = """
import time
times = []
for _ in range(settings["count"]):
    began = time.perf_counter()
    rows = http.get("/rows").json["rows"]
    times.append((time.perf_counter() - began) * 1000)
    if len(rows) != 100:
        raise ValueError("rows are missing")
log.info("timed", first=times[:200], second=times[200:400], third=times[400:])
"""


class _Server(ThreadingHTTPServer):
    served = 0
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.served += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ROWS)))
        self.end_headers()
        self.wfile.write(ROWS)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Brokered(Taker):
    """Answers requests as a run does."""

    def __init__(self, broker: Broker) -> None:
        super().__init__()
        self._broker = broker

    def http(self, request: HttpFrame) -> HttpAnswer:  # type: ignore[override]  # it has an answer, after all
        return self._broker.answer(request)


def measure(sandbox: Sandbox, count: int) -> None:
    """Print a request's time through the wall and the broker, through the wall alone, and without both."""
    count = min(count, 500)
    with _server() as server:
        place = f"127.0.0.1:{server.server_port}"
        connector = Connector("bench", settings=[url("base")], hosts=[])
        manifest = connector.manifest().model_copy(update={"hosts": _hosts()})
        with Broker(manifest, {"base": f"http://{place}"}, {}, allow_private=[place]) as broker:
            brokered = _timed(sandbox, _Brokered(broker), count)
            assert len(broker.exchanges) == count, len(broker.exchanges)
        assert server.served == count, server.served
        direct = _direct(server.server_port, count)
    answered = _Answered()
    channel = _timed(sandbox, answered, count)
    print(f"\na GET of {len(ROWS)} bytes from a server on this machine, {count} times, connection kept:")
    print(f"  from a route through the broker       {spread(brokered)}")
    print(f"  from a route, answered by the host    {spread(channel)}   (the channel and the SDK alone)")
    print(f"  without wall and broker (http.client) {spread(direct)}")


class _Answered(Taker):
    def http(self, request: HttpFrame) -> HttpAnswer:  # type: ignore[override]  # it has an answer, after all
        return HttpAnswer(200, [("Content-Type", "application/json")], ROWS, request.url)


def _hosts() -> tuple[Any, ...]:
    from levada import HostRule

    return (HostRule(setting="base"),)


def _timed(sandbox: Sandbox, handlers: Taker, count: int) -> list[float]:
    outcome = sandbox.call(poll(BODY, settings={"count": count}), handlers)
    assert outcome.succeeded, outcome
    (said,) = handlers.said
    times = [*said["first"], *said["second"], *said["third"]]
    assert len(times) == count, len(times)
    return times


def _direct(port: int, count: int) -> list[float]:
    connection, times = http.client.HTTPConnection("127.0.0.1", port), []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", "/rows")
        assert connection.getresponse().read() == ROWS
        times.append((time.perf_counter() - began) * 1000)
    connection.close()
    return times


@contextmanager
def _server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
