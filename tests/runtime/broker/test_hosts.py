"""Whom a connector may ask, and where a path leads."""

import pytest

from levada import ConnectorMistake, Forbidden, HostNotDeclared, HttpRequest, from_setting


def get(url):
    return HttpRequest("GET", url)


def test_a_path_is_asked_of_the_first_host_behind_its_own_path(new_broker, source):
    """A setting may hold a base with a path."""
    source.says("/api/v1/customers", (200, {}, ["row"]))
    broker = new_broker(values={"api_base": f"{source.url}/api/v1/"})
    for path in ("/customers", "customers"):
        answer = broker.request(HttpRequest("GET", path, params=(("since", "a b"),)))
        assert answer.json == ["row"]
        assert answer.url == f"{source.url}/api/v1/customers?since=a+b"


def test_a_host_that_is_not_declared_is_refused_with_the_way_out(new_broker, source, new_source):
    """The message names the host, what is declared and what to do; nothing is sent."""
    other = new_source()
    broker = new_broker(allow=[other.place])
    with pytest.raises(HostNotDeclared) as refused:
        broker.request(get(f"{other.url}/steal?key=1"))
    assert other.place in refused.value.message
    assert source.url in refused.value.message
    assert "from_setting()" in refused.value.message
    assert "steal" not in refused.value.message
    assert other.seen == []
    assert broker.usage() == (0, 0)


@pytest.mark.parametrize(
    ("declared", "asked"),
    [
        ("api.example.test", "https://example.test/"),
        ("api.example.test", "https://evil-api.example.test/"),
        ("api.example.test", "https://api.example.test.evil.test/"),
        ("api.example.test", "https://api.example.test:8443/"),
        ("api.example.test", "http://api.example.test/"),
        ("*.example.test", "https://example.test/"),
        ("*.example.test", "https://a.b.example.test/"),
        ("*.example.test", "https://aexample.test/"),
        ("*.example.test", "https://a.example.test.evil.test/"),
    ],
)
def test_names_are_matched_whole(new_broker, declared, asked):
    """No other label, port or scheme than the declared."""
    with pytest.raises(HostNotDeclared):
        new_broker(hosts=[declared]).request(get(asked))


@pytest.mark.parametrize(
    ("declared", "asked"),
    [("api.example.test", "https://API.example.test/"), ("*.example.test", "https://a.example.test/")],
)
def test_a_declared_name_gets_as_far_as_the_address_check(new_broker, cleanup, declared, asked):
    """It is declared, and the name's private address is what stops it here."""
    from levada_runtime.outbound import BlockingClient, Client

    async def lookup(host, port):
        return ["10.0.0.1"]

    client = cleanup.enter_context(BlockingClient(Client(lookup=lookup)))
    with pytest.raises(Forbidden, match=r"is at 10\.0\.0\.1, which is not a public address"):
        new_broker(hosts=[declared], client=client).request(get(asked))


def test_a_settings_url_declares_its_own_port_and_scheme(new_broker, source, new_source):
    """A neighbour on the same machine is another host."""
    neighbour = new_source()
    broker = new_broker(allow=[neighbour.place])
    for url in (neighbour.url, source.url.replace("http:", "https:")):
        with pytest.raises(HostNotDeclared):
            broker.request(get(url))


def test_a_declared_private_place_still_needs_the_operators_list(new_broker, new_source):
    """What a manifest or a setting says cannot widen what the operator allows."""
    unlisted = new_source()
    with pytest.raises(Forbidden, match="LEVADA_BROKER__ALLOW_PRIVATE") as refused:
        new_broker(values={"api_base": unlisted.url}).request(get("/"))
    assert unlisted.place in refused.value.message
    assert unlisted.seen == []


def test_a_listed_place_that_is_not_declared_is_refused(new_broker, new_source):
    """The operator's list does not declare hosts either."""
    listed = new_source()
    with pytest.raises(HostNotDeclared):
        new_broker(hosts=["api.example.test"], allow=[listed.place]).request(get(listed.url))


def test_a_redirect_to_an_undeclared_host_is_refused(new_broker, source, new_source):
    """Each hop is checked like the first."""
    other = new_source()
    source.says("/", (302, {"Location": f"{other.url}/x"}))
    with pytest.raises(HostNotDeclared, match=other.place):
        new_broker(allow=[other.place]).request(get("/"))
    assert other.seen == []


@pytest.mark.parametrize(
    "url", ["https://u:p@a.test/", "https://2130706433/", "https://a.test\\@b.test/", "//a.test/", "ftp://a.test/"]
)
def test_a_url_that_cannot_be_called_is_refused(new_broker, url):
    """Before anybody asks whether it is declared."""
    with pytest.raises(Forbidden):
        new_broker().request(get(url))


def test_a_path_needs_a_first_host_that_is_one(new_broker):
    """A wildcard, or a setting without a value, is none."""
    with pytest.raises(ConnectorMistake, match="write the whole URL"):
        new_broker(hosts=["*.example.test"]).request(get("/a"))
    with pytest.raises(HostNotDeclared, match="no host"):
        new_broker(values={"api_base": ""}).request(get("/a"))


def test_a_settings_default_counts_as_its_value(new_broker, source):
    """A connection that leaves the setting out has the manifest's address."""
    from levada import url

    source.says("/a", 200)
    broker = new_broker(hosts=[from_setting("other")], settings=[url("other", default=source.url)])
    assert broker.request(get("/a")).ok
