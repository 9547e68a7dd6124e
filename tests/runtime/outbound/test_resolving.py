"""What is checked is what is connected to, whatever names answer the second time."""

import pytest
from tests.loopback import answers

from levada_runtime.outbound import Refused, Unreachable, parse_url


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["fd00:ec2::254"],
        ["8.8.8.8", "10.0.0.1"],
        ["2606:4700:4700::1111", "::1"],
    ],
)
def test_a_name_with_any_address_that_is_not_public_is_refused(new_client, addresses):
    """One bad address among good ones is enough, and the message names the way out."""
    client = new_client(lookup=answers(addresses))
    with pytest.raises(Refused, match="not a public address") as refused:
        client.send("GET", parse_url("https://api.example.test/"))
    assert "LEVADA_BROKER__ALLOW_PRIVATE='[\"api.example.test:443\"]'" in refused.value.message


@pytest.mark.parametrize("place", ["127.0.0.1", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"])
def test_an_address_in_the_url_is_checked_like_one_looked_up(new_client, place):
    """aiohttp asks no resolver for these, so the client does not leave it to the resolver."""
    with pytest.raises(Refused, match="not a public address"):
        new_client().send("GET", parse_url(f"https://{place}/"))


def test_one_lookup_serves_the_check_and_the_connection(new_client, server):
    """A name that answers differently the second time is not asked a second time."""
    server.answers["/"] = (200, {"Connection": "close"}, b"hello")
    lookup = answers(["127.0.0.1"], ["10.9.9.9"])
    client = new_client(f"rebind.test:{server.port}", lookup=lookup)
    assert client.send("GET", parse_url(f"http://rebind.test:{server.port}/")).body == b"hello"
    assert lookup.asked == 1


def test_a_name_that_turns_private_is_refused_at_its_next_connection(new_client, server):
    """Listing an address does not list what a name answers later."""
    server.answers["/"] = (200, {"Connection": "close"}, b"hello")
    lookup = answers(["127.0.0.1"], ["127.0.0.2"])
    client = new_client(server.place, f"rebind.test:{server.port + 1}", lookup=lookup)
    target = parse_url(f"https://rebind.test:{server.port}/")
    with pytest.raises(Unreachable):
        client.send("GET", target)  # connected, and the server speaks no TLS
    with pytest.raises(Refused, match=r"127\.0\.0\.2"):
        client.send("GET", target)


def test_plain_http_needs_the_operators_list(new_client, server):
    """Also for public addresses: the list alone allows it."""
    client = new_client(lookup=answers(["8.8.8.8"]))
    with pytest.raises(Refused, match="not https"):
        client.send("GET", parse_url("http://api.example.test/"))
    assert server.seen == []


def test_a_listed_place_is_reached_at_its_port_only(new_client, server, new_server):
    """The neighbour on the same address stays out of reach."""
    neighbour = new_server()
    server.answers["/"] = neighbour.answers["/"] = (200, {}, b"hello")
    client = new_client(server.place)
    assert client.send("GET", parse_url(server.url)).status == 200
    with pytest.raises(Refused):
        client.send("GET", parse_url(neighbour.url))
    assert neighbour.seen == []


def test_a_name_without_an_address_is_unreachable(new_client):
    """So is one that nobody knows: a retry may help."""
    with pytest.raises(Unreachable, match="no address"):
        new_client(lookup=answers([])).send("GET", parse_url("https://api.example.test/"))
    with pytest.raises(Unreachable, match=r"nowhere\.invalid"):
        new_client().send("GET", parse_url("https://nowhere.invalid/"))


def test_the_name_is_what_the_server_and_its_certificate_are_asked_for(new_client, new_server, authority):
    """The connection goes to the pinned address; Host and SNI keep the name."""
    shown, trusted = authority
    asked = []
    shown.sni_callback = lambda _socket, name, _context: asked.append(name)
    server = new_server(shown)
    server.answers["/"] = (200, {}, b"hello")
    lookup = answers(["127.0.0.1"])
    client = new_client(f"api.example.test:{server.port}", lookup=lookup, tls=trusted)
    assert client.send("GET", parse_url(f"https://api.example.test:{server.port}/")).body == b"hello"
    assert asked == ["api.example.test"]
    assert server.seen[0][2]["Host"] == f"api.example.test:{server.port}"


def test_a_certificate_for_another_name_is_not_accepted(new_client, new_server, authority):
    """An address that is right does not make the answer trusted."""
    shown, trusted = authority
    server = new_server(shown)
    client = new_client(f"other.example.test:{server.port}", lookup=answers(["127.0.0.1"]), tls=trusted)
    with pytest.raises(Unreachable, match="certificate"):
        client.send("GET", parse_url(f"https://other.example.test:{server.port}/"))
    assert server.seen == []
