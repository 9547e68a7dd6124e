"""Bytes on a socket: what is no request is refused, what has no end is hung up on, and the next caller is served."""

import re
import socket
from contextlib import suppress

import pytest
from tests.serving import serving

from levada_runtime.api.wire import HEAD_BYTES

WHOLE = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.fixture(scope="module")
def server():
    """An app that answers whatever reaches it, behind the protocol of the daemon."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    with serving(app) as port:
        yield "127.0.0.1", port


def answered(server, pieces):
    """Send pieces until the server hangs up or all are sent; return the status lines it answered."""
    heard = b""
    with socket.create_connection(server, timeout=10) as caller, suppress(ConnectionError):
        for piece in pieces:
            caller.sendall(piece)
            while piece.endswith(b"\r\n\r\n") and (more := caller.recv(65536)):
                heard += more
                if heard.endswith(b"\r\n\r\nok"):
                    break
        caller.shutdown(socket.SHUT_WR)
        while more := caller.recv(65536):
            heard += more
    return re.findall(rb"HTTP/1\.1 \d+ [^\r]*", heard)


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param([b"GET /", *[b"a" * 4096] * 4000], id="a path without an end"),
        pytest.param([b"GET / HTTP/1.1\r\nX: ", *[b"a" * 4096] * 4000], id="a header without an end"),
        pytest.param([b"GET / HTTP/1.1\r\n", *[b"a: b\r\n" * 700] * 4000], id="headers without an end"),
        pytest.param([WHOLE, b"GET / HTTP/1.1\r\nX: ", *[b"a" * 4096] * 4000], id="behind a whole request"),
    ],
)
def test_a_head_that_does_not_end_is_hung_up_on(server, endless):
    """No more of it is held than what a head may have, and it is never an answer of the application."""
    sent = []

    def counted():
        for piece in endless:
            sent.append(len(piece))
            yield piece

    lines = answered(server, counted())
    assert [line for line in lines if b" 200 " in line] == [b"HTTP/1.1 200 OK"] * (endless[0] == WHOLE)
    assert sum(sent) < sum(len(piece) for piece in endless), "all of it was taken"
    assert answered(server, [WHOLE]) == [b"HTTP/1.1 200 OK"]


def test_a_long_head_that_ends_is_served(server):
    """Cookies and signatures may take their room, and the count begins anew with the next request."""
    long = b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"a" * (HEAD_BYTES - 4096) + b"\r\n\r\n"
    assert answered(server, [long, long]) == [b"HTTP/1.1 200 OK"] * 2


@pytest.mark.parametrize(
    "request_",
    [b"\x00\x01\x02\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n"],
    ids=["no text", "a path that is no ASCII", "another protocol", "no path"],
)
def test_what_is_no_request_is_refused(server, request_):
    """With 400, and nothing of it reaches the application."""
    assert answered(server, [request_]) == [b"HTTP/1.1 400 Bad Request"]
