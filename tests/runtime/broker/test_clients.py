"""Sockets and cookies stay with the connection they were made for, from one of its runs to the next."""

import time

import pytest

from levada_runtime.outbound import AllowPrivate, Client, parse_url
from levada_runtime.sandbox.broker.clients import Clients, Owner

ADA = Owner.of("ada", {"base": "x"}, {"key": "1"})
BOB = Owner.of("bob", {"base": "x"}, {"key": "1"})


async def loopback(host, port):
    return ["127.0.0.1"]


@pytest.fixture
def new_clients(cleanup, source):
    """Returns what makes the clients of a worker, which may reach the source by a name: cookies are for names."""

    def make(**words):
        def client():
            allowed = AllowPrivate.read([f"shop.test:{source.place.partition(':')[2]}"])
            return Client(allow_private=allowed, cookies=True, lookup=loopback, **words)

        clients = Clients(client, most=2)
        cleanup.callback(clients.close)
        return clients

    return make


@pytest.fixture
def ask(source):
    """Returns what asks the source in an owner's name, and gives the cookie that came along and the caller's port."""
    source.says("/", (200, {"Set-Cookie": "visit=1"}))

    def asked(clients, owner):
        with clients.lent(owner) as client:
            client.send("GET", parse_url(f"http://shop.test:{source.place.partition(':')[2]}/"))
        return source.seen[-1][2].get("Cookie"), source.callers[-1]

    return asked


def test_a_connection_finds_its_socket_and_its_cookies_again(new_clients, ask):
    """A second run does not shake hands anew."""
    clients = new_clients()
    (first, port), (second, same) = ask(clients, ADA), ask(clients, ADA)
    assert (first, second) == (None, "visit=1")
    assert port == same


def test_another_connection_has_neither(new_clients, ask):
    """Not even one that is configured alike."""
    clients = new_clients()
    _, port = ask(clients, ADA)
    cookie, other = ask(clients, BOB)
    assert cookie is None
    assert other != port


@pytest.mark.parametrize("changed", [({"base": "y"}, {"key": "1"}), ({"base": "x"}, {"key": "2"})])
def test_other_settings_or_secrets_begin_anew(new_clients, ask, changed):
    """A session that the old key was given is not the new one's."""
    clients = new_clients()
    _, port = ask(clients, ADA)
    cookie, other = ask(clients, Owner.of("ada", *changed))
    assert cookie is None
    assert other != port
    assert len(clients) == 1


def test_a_client_that_is_lent_is_lent_to_nobody_else(new_clients):
    """Two runs of one connection at a time have one each, and one of them is kept."""
    clients = new_clients()
    with clients.lent(ADA) as one, clients.lent(ADA) as other:
        assert one is not other
    assert len(clients) == 1


def test_the_one_lent_longest_ago_makes_room(new_clients, ask):
    """A worker keeps a few, not one for every connection there is."""
    clients = new_clients()
    for owner in (ADA, BOB, Owner.of("cleo", {}, {})):
        ask(clients, owner)
    assert len(clients) == 2
    assert ask(clients, BOB)[0] == "visit=1"
    assert ask(clients, ADA)[0] is None


def test_a_client_whose_run_broke_off_is_closed(new_clients):
    """What state it is in, nobody knows."""
    clients = new_clients()
    with pytest.raises(ZeroDivisionError), clients.lent(ADA):
        raise ZeroDivisionError
    assert len(clients) == 0


def test_an_idle_socket_is_closed_though_nobody_asks(new_clients, ask, source):
    """The source is not kept waiting for a connection that runs once a day."""
    clients = new_clients(idle_s=0.1)
    _, port = ask(clients, ADA)
    deadline = time.monotonic() + 5
    while source.open_sockets and time.monotonic() < deadline:
        time.sleep(0.02)
    assert source.open_sockets == 0
    cookie, other = ask(clients, ADA)
    assert (cookie, other != port) == ("visit=1", True)


def test_closing_leaves_no_socket(new_clients, ask, source):
    """A worker that drains hangs up; asked again it would begin anew."""
    clients = new_clients()
    ask(clients, ADA)
    ask(clients, BOB)
    clients.close()
    clients.close()
    deadline = time.monotonic() + 5
    while source.open_sockets and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (source.open_sockets, len(clients)) == (0, 0)


def test_a_source_that_floods_the_jar_is_sent_back_little_of_it(new_clients, ask, source):
    """What is kept of its cookies has bounds, and so has what a request carries."""
    clients = new_clients()
    for number in range(4):
        source.answers["/"] = [(200, [("Set-Cookie", f"c{number}{at}={'x' * 500}") for at in range(99)], b"")]
        ask(clients, ADA)
    assert 0 < len(ask(clients, ADA)[0]) <= 8190
