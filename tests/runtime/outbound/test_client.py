"""The client against real servers: redirects, bounds, headers, cookies, and what fails."""

import gzip
import socket
import time
import zlib
from random import Random
from threading import Thread

import pytest

from levada_runtime.outbound import Limits, Meter, Refused, TooLarge, Unreachable, parse_url


def test_an_answer_comes_back_whole(new_client, server):
    """Status, headers, body and the URL it came from; the connection's own headers stay out."""
    server.answers["/a"] = (418, {"X-Tea": "green", "Connection": "keep-alive"}, b"short")
    answer = new_client(server.place).send("GET", parse_url(f"{server.url}/a?b=c"), headers=(("X-Mine", "é"),))
    assert (answer.status, answer.body, answer.url) == (418, b"short", f"{server.url}/a?b=c")
    assert ("X-Tea", "green") in answer.headers
    assert not {"connection", "content-length"} & {name.lower() for name, _ in answer.headers}
    assert server.seen[0][1] == "/a?b=c"
    assert server.seen[0][2]["User-Agent"] == "levada"


def test_the_environments_proxies_are_not_asked(new_client, server, monkeypatch):
    """A proxy would connect to whatever it likes."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers["/"] = (200, {}, b"direct")
    assert new_client(server.place).send("GET", parse_url(server.url)).body == b"direct"


def test_a_body_is_read_no_further_than_what_is_kept(new_client, server):
    """A glance costs a glance, however much there is."""
    server.answers["/a"] = (200, {}, b"x" * (8 << 20))
    answer = new_client(server.place, limits=Limits(keep_bytes=1024, body_bytes=1 << 20)).send(
        "GET", parse_url(f"{server.url}/a")
    )
    assert answer.body == b"x" * 1024
    assert answer.received < 1 << 20


@pytest.mark.parametrize("packing", ["gzip", "deflate", "raw deflate"])
def test_a_packed_body_is_unpacked(new_client, server, packing):
    """Both spellings of deflate that servers use, and gzip."""
    text = b"".join(b"row %d\n" % number for number in range(20_000))
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "raw deflate": raw.compress(text) + raw.flush(),
    }[packing]
    server.answers["/"] = (200, {"Content-Encoding": packing.split()[-1]}, packed)
    answer = new_client(server.place).send("GET", parse_url(server.url))
    assert answer.body == text
    assert answer.received == len(packed)
    assert "content-encoding" not in {name.lower() for name, _ in answer.headers}


def test_a_bomb_is_refused_before_it_has_gone_off(new_client, server):
    """30 MiB of nothing, packed a thousandfold, within the size but not within the ratio."""
    server.answers["/"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(30 << 20)))
    with pytest.raises(TooLarge, match="100 times"):
        new_client(server.place).send("GET", parse_url(server.url))


def test_a_small_repetitive_answer_is_no_bomb(new_client, server):
    """Sixty kilobytes of the same may be packed as well as they can be."""
    server.answers["/"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 60_000))
    assert len(new_client(server.place).send("GET", parse_url(server.url)).body) == 60_000


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_beyond_the_size_is_refused(new_client, server, packed):
    """Counted after unpacking, and at once when it is not packed."""
    body = Random(1).randbytes(64 << 10).hex().encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    server.answers["/"] = (200, headers, gzip.compress(body) if packed else body)
    client = new_client(server.place, limits=Limits(body_bytes=100_000))
    with pytest.raises(TooLarge, match="100000 bytes"):
        client.send("GET", parse_url(server.url))
    server.answers["/"] = (200, headers, gzip.compress(body[:99_999]) if packed else body[:99_999])
    assert len(client.send("GET", parse_url(server.url)).body) == 99_999


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", b"not gzip"),
        ("gzip", gzip.compress(b"x" * 99, mtime=0)[:-9]),
        ("br", b"x"),
        ("gzip", gzip.compress(b"x", mtime=0) + b"y"),
    ],
)
def test_a_body_that_is_not_what_its_headers_say_is_a_failure(new_client, server, encoding, content):
    """Half an answer is none."""
    server.answers["/"] = (200, {"Content-Encoding": encoding}, content)
    with pytest.raises(Unreachable):
        new_client(server.place).send("GET", parse_url(server.url))


@pytest.mark.parametrize(
    "name",
    ["Connection", "Keep-Alive", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host",
     "Content-Length", "Expect", "Proxy-Connection"],
)  # fmt: skip
def test_headers_of_the_connection_are_refused(new_client, server, name):
    """They are the client's own to set, and how requests are smuggled."""
    with pytest.raises(Refused, match="belongs to the connection"):
        new_client(server.place).send("GET", parse_url(server.url), headers=((name, "x"),))
    assert server.seen == []


@pytest.mark.parametrize(
    "header", [("X-A", "a\r\nX-B: b"), ("X-A\r\nX-B", "a"), ("X A", "a"), ("", "a"), ("X-A", "\0"), ("X-A", "\ud800")]
)
def test_headers_that_would_leave_their_line_are_refused(new_client, server, header):
    """Nothing is sent of a request that would be two."""
    with pytest.raises(Refused, match="characters"):
        new_client(server.place).send("GET", parse_url(server.url), headers=(header,))
    assert server.seen == []


def test_cookies_are_kept_only_where_asked_for(new_client, new_server, authority):
    """By default an answer's cookie is forgotten."""
    shown, trusted = authority
    server = new_server(shown)
    server.answers["/"] = (200, {"Set-Cookie": "a=b"}, b"")

    async def lookup(host, port):
        return ["127.0.0.1"]

    for wanted in (False, True):
        server.seen.clear()
        client = new_client(f"api.example.test:{server.port}", cookies=wanted, lookup=lookup, tls=trusted)
        for _ in range(2):
            client.send("GET", parse_url(f"https://api.example.test:{server.port}/"))
        assert [seen[2].get("Cookie") for seen in server.seen] == [None, "a=b" if wanted else None]


def test_an_unknown_method_is_refused(new_client, server):
    """CONNECT and TRACE are for proxies and debuggers."""
    for method in ("CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\nX: y"):
        with pytest.raises(Refused, match="method"):
            new_client(server.place).send(method, parse_url(server.url))


def trickle(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def silence(handler):
    time.sleep(1)


@pytest.mark.parametrize(("how", "limits"), [(silence, Limits(read_s=0.2)), (trickle, Limits(total_s=0.3))])
def test_an_answer_that_does_not_come_in_time_is_a_failure(new_client, server, how, limits):
    """Silence ends by the read's bound, trickling by the whole request's."""
    server.answers["/"] = how
    began = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        new_client(server.place, limits=limits).send("GET", parse_url(server.url))
    assert time.monotonic() - began < 1


def test_a_closed_port_is_a_failure_that_names_the_place(new_client):
    """And not the query, which may hold something."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable) as failed:
        new_client("127.0.0.1:*").send("GET", parse_url(f"http://127.0.0.1:{port}/?key=hunter2"))
    assert f"127.0.0.1:{port}" in failed.value.message
    assert "hunter2" not in failed.value.message


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9000,
    ],
)
def test_a_server_that_breaks_off_or_speaks_otherwise_is_a_failure(new_client, said):
    """Whatever comes instead of an answer ends in the same error."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            for _ in range(2):  # an idempotent request on a connection that was in use may be sent once more
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return  # the test is over, and its listener closed
                with peer:
                    peer.recv(4096)
                    peer.sendall(said)

        Thread(target=answer, daemon=True).start()
        port = listening.getsockname()[1]
        with pytest.raises(Unreachable):
            new_client(f"127.0.0.1:{port}").send("GET", parse_url(f"http://127.0.0.1:{port}/"))


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(new_client, server):
    """A POST after a pause goes out on a new connection instead of into a closed one."""

    def answer_and_hang_up(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")
        handler.close_connection = True

    server.answers["/"] = answer_and_hang_up
    client = new_client(server.place)
    for _ in range(3):
        assert client.send("POST", parse_url(server.url), body=b"x").body == b"ok"
        time.sleep(0.05)


@pytest.mark.parametrize("size", [None, 0, 1, 3 << 20])
def test_a_body_is_sent_with_its_length_and_no_type_of_ours(new_client, server, size):
    """Also through a redirect that keeps it, and when it is large."""
    server.answers["/"] = (307, {"Location": "/b"}, b"")
    server.answers["/b"] = (200, {}, b"")
    body = None if size is None else b"x" * size
    new_client(server.place).send("POST", parse_url(server.url), body=body)
    for _, _, headers, received in server.seen:
        assert received == (body or b"")
        assert headers["Content-Length"] == str(size or 0)
        assert "Content-Type" not in headers
    assert len(server.seen) == 2


def test_connections_are_used_again(new_client, server):
    """One connection carries several requests."""
    ports = []

    def note(handler):
        ports.append(handler.client_address[1])
        handler.send_response(204)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers["/"] = note
    client = new_client(server.place)
    for _ in range(3):
        client.send("GET", parse_url(server.url))
    assert len(set(ports)) == 1


def flood_of_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: abcdefgh\r\n" % at for at in range(50_000)))


def flood_of_trailers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    handler.wfile.write(b"".join(b"X-%d: abcdefgh\r\n" % at for at in range(50_000)))


def endless_chunks(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        handler.wfile.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")


def endless_promises(handler):
    while True:
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        (flood_of_headers, Unreachable),
        (flood_of_trailers, Unreachable),
        (endless_chunks, TooLarge),
        (endless_promises, Unreachable),
    ],
)
def test_an_answer_that_does_not_end_is_ended(new_client, server, how, kind):
    """Headers, trailers, chunks or promises of an answer: the client hangs up, soon and in little memory."""
    server.answers["/"] = how
    client = new_client(server.place, limits=Limits(total_s=0.5, body_bytes=1 << 20))
    began = time.monotonic()
    with pytest.raises(kind):
        client.send("GET", parse_url(server.url))
    assert time.monotonic() - began < 2


def test_the_whole_may_be_bound_more_tightly_than_the_clients_limit(new_client, server):
    """A caller whose own time is nearly up does not wait for longer."""
    server.answers["/"] = trickle
    began = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        new_client(server.place).send("GET", parse_url(server.url), within_s=0.2)
    assert time.monotonic() - began < 1


def test_a_meter_counts_what_moves_and_stops_it_in_the_middle(new_client, server):
    """Packed or unpacked, whichever is more; also when nothing comes of it."""
    server.answers["/"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000)))
    client, meter = new_client(server.place), Meter(120_000)
    client.send("GET", parse_url(server.url), meter=meter)
    assert meter.moved == 50_000
    client.send("GET", parse_url(server.url), meter=meter)
    with pytest.raises(TooLarge) as refused:
        client.send("GET", parse_url(server.url), meter=meter)
    assert refused.value.code == "metered"
    assert meter.moved == 150_000


def test_nothing_of_a_netrc_is_sent(new_client, server, monkeypatch, tmp_path):
    """The machine's own credentials are not the connector's."""
    (tmp_path / ".netrc").write_text("default login root password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server.answers["/"] = (200, {}, b"")
    new_client(server.place).send("GET", parse_url(server.url))
    assert "Authorization" not in server.seen[0][2]


def test_the_bounds_are_those_that_are_promised():
    """The reference names them: 10 s to connect, 30 s between reads, 120 s in all, 32 MiB, 100 to one, 5 redirects."""
    bounds = Limits()
    assert (bounds.connect_s, bounds.read_s, bounds.total_s) == (10, 30, 120)
    assert (bounds.body_bytes, bounds.ratio, bounds.redirects, bounds.keep_bytes) == (32 << 20, 100, 5, None)


def test_headers_have_a_bound_together(new_client, server):
    """A route cannot make the host build a request of megabytes."""
    headers = tuple((f"X-{at}", "x" * 1000) for at in range(70))
    with pytest.raises(Refused, match="over 65536 characters"):
        new_client(server.place).send("GET", parse_url(server.url), headers=headers)
    assert server.seen == []


@pytest.mark.parametrize(("sent", "read"), [("naïve".encode(), "naïve"), (b"na\xefve", "naïve"), (b"\xff\xfe", "ÿþ")])
def test_a_header_that_is_no_utf_8_is_read_as_latin_1(new_client, server, sent, read):
    """Names of files come so; half a surrogate pair could be handed to nobody."""

    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Name: " + sent + b"\r\nContent-Length: 0\r\n\r\n")

    server.answers["/"] = answer
    answered = new_client(server.place).send("GET", parse_url(server.url))
    assert dict(answered.headers)["X-Name"] == read
