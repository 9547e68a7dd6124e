"""Everything that would make the host ask where it must not: each is refused, and the exchange log says why."""

import asyncio
import gzip
import json
import time
import zlib

import pytest
from tests.loopback import NAME, Loopback, answers

from levada import Forbidden, HostNotDeclared, HttpRequest, LevadaError, SourceUnavailable, from_setting
from levada_runtime.outbound import AllowPrivate, BlockingClient, Client, Limits
from levada_runtime.outbound.pinning import PinningResolver

UNDECLARED = "does not declare"
PRIVATE = "not a public address"
ODD = "odd spelling"
NO_NAME = "not the name of a host"
REFUSED_URLS = {
    "another host": ("https://evil.test/x", UNDECLARED),
    "a host that ends alike": ("https://evil-api.example.test/", UNDECLARED),
    "a host that begins alike": ("https://api.example.test.evil.test/", UNDECLARED),
    "the parent": ("https://example.test/", UNDECLARED),
    "a child": ("https://a.api.example.test/", UNDECLARED),
    "two labels for one": ("https://a.b.wide.test/", UNDECLARED),
    "no label for one": ("https://wide.test/", UNDECLARED),
    "another port": ("https://api.example.test:8443/", UNDECLARED),
    "plain http": ("http://api.example.test/", UNDECLARED),
    "http at the secure port": ("http://api.example.test:443/", UNDECLARED),
    "loopback": ("https://127.0.0.1/", UNDECLARED),
    "metadata": ("http://169.254.169.254/latest/meta-data/", UNDECLARED),
    "localhost": ("https://localhost/", UNDECLARED),
    "loopback 6": ("https://[::1]/", UNDECLARED),
    "mapped metadata": ("https://[::ffff:169.254.169.254]/", UNDECLARED),
    "octal": ("https://0177.0.0.1/", ODD),
    "octal short": ("https://017700000001/", ODD),
    "hexadecimal": ("https://0x7f000001/", ODD),
    "hexadecimal parts": ("https://0x7f.0x0.0x0.0x1/", ODD),
    "one number": ("https://2852039166/", ODD),
    "short form": ("https://127.1/", ODD),
    "short form of three": ("https://169.254.43518/", ODD),
    "overflowing part": ("https://425.510.425.510/", ODD),
    "zero": ("https://0/", ODD),
    "zone": ("https://[fe80::1%25eth0]/", "network interface"),
    "user name": ("https://api.example.test@127.0.0.1/", "user name"),
    "user name and password": ("https://api.example.test:443@127.0.0.1/", "user name"),
    "empty user name": ("https://@127.0.0.1/", "user name"),
    "backslash": ("https://api.example.test\\@127.0.0.1/", "backslash"),
    "backslash for the slashes": ("https:\\\\127.0.0.1/", "backslash"),
    "line break": ("https://api.example.test/\r\nHost: 127.0.0.1", "control character"),
    "line break in the host": ("https://api.example.test\n.evil.test/", "control character"),
    "tab in the scheme": ("ht\ttps://127.0.0.1/", "control character"),
    "nul": ("https://127.0.0.1\x00.api.example.test/", "control character"),
    "encoded stop": ("https://127%2e0%2e0%2e1/", NO_NAME),
    "encoded slash": ("https://evil.test%2f.api.example.test/", NO_NAME),
    "encoded at": ("https://api.example.test%40evil.test/", NO_NAME),
    "trailing stop": ("https://api.example.test./", NO_NAME),
    "wide stop": ("https://169。254。169。254/", UNDECLARED),
    "wide digits": ("https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", UNDECLARED),
    "circled letters": ("https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/", UNDECLARED),
    "another script": ("https://\u0430pi.example.test/", UNDECLARED),
    "false punycode": ("https://xn--a.example.test/", NO_NAME),
    "port out of range": ("https://api.example.test:65979/", "no port 65979"),
    "port zero": ("https://api.example.test:0/", "no port 0"),
    "two ports": ("https://api.example.test:443:80/", "cannot be read"),
    "file": ("file:///etc/passwd", "cannot be called"),
    "gopher": ("gopher://127.0.0.1:6379/_FLUSHALL", "cannot be called"),
    "ldap": ("ldap://api.example.test/", "cannot be called"),
    "no scheme": ("//127.0.0.1/", "no scheme"),
    "too long": ("https://api.example.test/" + "a" * 9000, "longer than 8192"),
}
NOT_PUBLIC = {
    "loopback": "127.0.0.1",
    "loopback elsewhere": "127.8.8.8",
    "unspecified": "0.0.0.0",
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 192": "192.168.0.1",
    "metadata": "169.254.169.254",
    "metadata of another cloud": "100.100.100.200",
    "host agent": "168.63.129.16",
    "broadcast": "255.255.255.255",
    "multicast": "224.0.0.251",
    "loopback 6": "::1",
    "mapped": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:a9fe:a9fe",
    "compatible": "::7f00:1",
    "6to4": "2002:7f00:1::",
    "NAT64": "64:ff9b::7f00:1",
    "local NAT64": "64:ff9b:1::1",
    "Teredo": "2001:0:7f00:1::",
    "unique local": "fd00:ec2::254",
    "link local": "fe80::1",
}
REDIRECTS = {
    "metadata": ("https://169.254.169.254/latest/meta-data/", PRIVATE),
    "metadata by http": ("http://169.254.169.254/latest/meta-data/", "from https to http"),
    "localhost": ("https://localhost/", UNDECLARED),
    "itself by http": ("http://{place}/", "from https to http"),
    "loopback": ("https://127.0.0.1:1/", PRIVATE),
    "loopback 6": ("https://[::1]/", PRIVATE),
    "an undeclared host": ("https://evil.test/?stolen=1", UNDECLARED),
    "a file": ("file:///etc/passwd", "cannot be called"),
    "a user name": ("https://{name}@evil.test/", "user name"),
    "a number": ("https://2130706433/", ODD),
    "a backslash": ("https://{name}\\@evil.test/", "backslash"),
    "another port": ("https://{name}:1/", "does not declare|not a public"),
    "without a scheme": ("//evil.test/", UNDECLARED),
    "a circle": ("/", "more than 5 redirects"),
}


def refusal_of(broker, url="/", error=LevadaError):
    """Ask, and return the reason that the exchange log keeps: once, without a query, as what was raised says."""
    before = len(broker.exchanges)
    with pytest.raises(error) as raised:
        broker.request(HttpRequest("GET", url))
    kept = broker.exchanges[before:]
    assert len(kept) == 1
    assert kept[0].status is None
    assert "?" not in kept[0].url
    assert kept[0].refused == raised.value.message
    return kept[0].refused


@pytest.fixture
def at_name(cleanup, new_broker, secure, authority):
    """Returns what makes a broker of a connector that declares the secure source by its name."""

    def make(lookup=None, allow=(), limits=None, **words):
        client = Client(
            allow_private=AllowPrivate.read([f"{NAME}:{secure.port}", *allow]),
            lookup=lookup or answers(["127.0.0.1"]),
            tls=authority[1],
            limits=limits,
        )
        client = cleanup.enter_context(BlockingClient(client))
        return new_broker(values={"api_base": secure.named}, client=client, **words)

    return make


@pytest.mark.parametrize("crime", REFUSED_URLS)
def test_a_url_that_leads_elsewhere_is_refused_before_anything_is_looked_up(new_broker, cleanup, crime):
    """Whatever another parser would have made of it."""
    url, reason = REFUSED_URLS[crime]
    lookup = answers(["127.0.0.1"])
    client = cleanup.enter_context(BlockingClient(Client(lookup=lookup)))
    broker = new_broker(hosts=["api.example.test", "*.wide.test"], client=client)
    assert reason in refusal_of(broker, url, (Forbidden, HostNotDeclared))
    assert lookup.asked == 0
    assert broker.usage() == (0, 0)
    assert "api.example.test:443@" not in broker.exchanges[0].url


@pytest.mark.parametrize("kind", NOT_PUBLIC)
def test_a_declared_name_at_an_address_that_is_not_public_is_refused(new_broker, cleanup, kind):
    """Alone, and among addresses that are public."""
    address = NOT_PUBLIC[kind]
    for found in ([address], ["8.8.8.8", address], [address, "2606:4700:4700::1111"]):
        client = cleanup.enter_context(BlockingClient(Client(lookup=answers(found))))
        broker = new_broker(hosts=["api.example.test"], client=client)
        assert PRIVATE in refusal_of(broker, "/", Forbidden)


@pytest.mark.parametrize("kind", NOT_PUBLIC)
def test_a_setting_that_names_such_an_address_is_refused(new_broker, kind):
    """The operator of a connection is not the operator of the installation."""
    address = NOT_PUBLIC[kind]
    place = f"[{address}]" if ":" in address else address
    broker = new_broker(values={"api_base": f"https://{place}/"})
    assert PRIVATE in refusal_of(broker, "/", Forbidden)


@pytest.mark.parametrize("crime", REDIRECTS)
def test_a_redirect_is_held_to_what_a_request_is(at_name, secure, crime):
    """Declared again, its address again, never to http; the log says whose redirect it was."""
    location, reason = REDIRECTS[crime]
    location = location.format(name=NAME, place=f"{NAME}:{secure.port}")
    secure.answers["/"] = (302, {"Location": location}, b"")
    broker = at_name()
    refused = refusal_of(broker, "/", (Forbidden, HostNotDeclared))
    assert any(part in refused for part in reason.split("|"))
    assert f"{NAME}:{secure.port}" in refused
    assert "stolen" not in refused
    assert all(path == "/" for _, path, _, _ in secure.seen)


def test_an_address_that_changes_between_look_ups_is_never_followed(at_name, secure, cleanup, authority):
    """The first answer is what is connected to; the next connection's look-up is checked anew and refused."""
    inner = Loopback(authority[0], "127.0.0.2", secure.port)
    cleanup.callback(inner.close)
    secure.answers["/"] = (200, {"Connection": "close"}, b"{}")
    lookup = answers(["127.0.0.1"], ["127.0.0.2"])
    listed = [f"127.0.0.1:{secure.port}"]
    client = Client(allow_private=AllowPrivate.read(listed), lookup=lookup, tls=authority[1])
    broker = at_name(lookup)
    broker._client = cleanup.enter_context(BlockingClient(client))
    assert broker.request(HttpRequest("GET", "/")).ok
    refused = refusal_of(broker, "/", Forbidden)
    assert f"{NAME} is at 127.0.0.2, which is {PRIVATE}" in refused
    assert (len(secure.seen), len(inner.seen), lookup.asked) == (1, 0, 2)


def test_the_body_of_an_answer_has_bounds(at_name, secure):
    """Bombs of either packing, bodies without an end, and such as never come: each with its reason, none kept."""

    def endless(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            handler.wfile.write(b"8000\r\n" + bytes(1 << 15) + b"\r\n")

    def slow(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(40):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    zeros = bytes(8 << 20)
    secure.answers |= {
        "/gzip": (200, {"Content-Encoding": "gzip"}, gzip.compress(zeros)),
        "/deflate": (200, {"Content-Encoding": "deflate"}, zlib.compress(zeros)),
        "/endless": endless,
        "/slow": slow,
        "/large": (200, {}, bytes(2 << 20)),
    }
    limits = Limits(body_bytes=1 << 20, total_s=0.4)
    broker = at_name(limits=limits)
    assert "unpacks to over 100 times its size" in refusal_of(broker, "/gzip", Forbidden)
    assert "unpacks to over 100 times its size" in refusal_of(broker, "/deflate", Forbidden)
    assert "larger than 1048576 bytes" in refusal_of(broker, "/endless", Forbidden)
    assert "larger than 1048576 bytes" in refusal_of(broker, "/large", Forbidden)
    moved = broker.usage()[1]
    assert 2 << 20 < moved < 8 << 20
    with pytest.raises(SourceUnavailable, match="in time"):
        broker.request(HttpRequest("GET", "/slow"))


def test_a_scheme_is_not_changed_by_a_relative_path(at_name, secure):
    """What a route writes as a path stays one, at the declared host."""
    paths = ["https://evil.test/", "@evil.test/", ":80/", "data:text/plain,x", "https:evil.test", "file:/etc/passwd"]
    secure.answers |= {f"/{path}": (200, {}, b"") for path in paths}
    broker = at_name()
    for path in ("/https://evil.test/", *paths[1:]):
        assert broker.request(HttpRequest("GET", path)).ok
    assert [path for _, path, _, _ in secure.seen] == [f"/{path}" for path in paths]


def test_the_operators_list_is_of_places_and_not_of_names_at_them(new_broker, new_source, cleanup):
    """A name that leads to a listed place is allowed there; the same name at another address is not."""
    listed = new_source()
    port = int(listed.place.partition(":")[2])
    client = Client(allow_private=AllowPrivate.read([listed.place]), lookup=answers(["10.1.1.1"]))
    broker = new_broker(
        hosts=[from_setting("api_base")],
        values={"api_base": f"https://internal.test:{port}"},
        client=cleanup.enter_context(BlockingClient(client)),
    )
    assert "internal.test is at 10.1.1.1" in refusal_of(broker, "/", Forbidden)
    assert listed.seen == []


def test_every_look_up_is_checked():
    """A resolver that was right once is not believed twice; one bad address among good ones spoils them."""

    async def both():
        resolver = PinningResolver(AllowPrivate(), answers(["93.184.215.14"], ["127.0.0.1"], ["8.8.8.8", "10.0.0.1"]))
        first = await resolver.resolve(NAME, 443)
        found = [one["host"] for one in first]
        for _ in range(2):
            with pytest.raises(Exception, match=PRIVATE):
                await resolver.resolve(NAME, 443)
        return found

    assert asyncio.run(both()) == ["93.184.215.14"]


def test_a_hook_of_the_source_is_data(at_name, secure):
    """A link in a body is asked only if the route asks it, and then it is a request like any other."""
    secure.answers["/"] = (200, {}, json.dumps({"next": "https://169.254.169.254/"}).encode())
    broker = at_name()
    link = broker.request(HttpRequest("GET", "/")).json["next"]
    assert UNDECLARED in refusal_of(broker, link, HostNotDeclared)
