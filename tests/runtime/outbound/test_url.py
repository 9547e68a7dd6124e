"""The one parser: what it takes, it spells in one way; what two parsers might read differently, it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.outbound import Refused, parse_url

TAKEN = [
    ("https://api.example.test", "https://api.example.test/"),
    ("HTTPS://API.Example.TEST:443/a?b=c", "https://api.example.test/a?b=c"),
    ("https://api.example.test:8443/a", "https://api.example.test:8443/a"),
    ("http://127.0.0.1:8420/x", "http://127.0.0.1:8420/x"),
    ("https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443/"),
    ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
    ("https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/"),
    ("https://a_b.example/", "https://a_b.example/"),
    ("https://a.example/p q/%20/é?x=1 2&y=é#gone", "https://a.example/p%20q/%20/%C3%A9?x=1%202&y=%C3%A9"),
    ("https://a.example?x=https://b.example/@", "https://a.example/?x=https://b.example/@"),
]
REFUSED = {
    "user name": "https://a.example@b.example/",
    "user name and password": "https://u:p@b.example/",
    "empty user name": "https://@b.example/",
    "backslash": "https://a.example\\@b.example/",
    "backslash in the path": "https://a.example/a\\b",
    "line break": "https://a.example/\r\nX: y",
    "tab": "https://a.exa\tmple/",
    "nul": "https://a.example/\x00",
    "delete": "https://a.example/\x7f",
    "c1 control": "https://a.example/\x85",
    "lone surrogate": "https://a.example/\ud800",
    "hexadecimal address": "https://0x7f000001/",
    "hexadecimal part": "https://0x7f.1/",
    "last part hexadecimal": "https://127.0.0.0x1/",
    "one number": "https://2130706433/",
    "short address": "https://127.1/",
    "octal address": "https://0177.0.0.1/",
    "leading zeros": "https://127.000.000.001/",
    "five parts": "https://1.2.3.4.5/",
    "out of range": "https://127.0.0.256/",
    "wide digits": "https://\uff11\uff12\uff17.1/",
    "ideographic stops": "https://127。1/",
    "zone": "https://[fe80::1%25eth0]/",
    "zone unescaped": "https://[fe80::1%eth0]/",
    "not an address in brackets": "https://[a.example]/",
    "unclosed bracket": "https://[::1/",
    "bare ipv6": "https://::1/",
    "empty host": "https:///a",
    "empty label": "https://a..example/",
    "trailing dot": "https://a.example./",
    "leading dot": "https://.a.example/",
    "hyphen first": "https://-a.example/",
    "space in host": "https://a example/",
    "percent in host": "https://a%2eexample/",
    "empty port": "https://a.example:/",
    "port zero": "https://a.example:0/",
    "port too high": "https://a.example:65536/",
    "port not a number": "https://a.example:8a/",
    "port with sign": "https://a.example:+80/",
    "file": "file:///etc/passwd",
    "gopher": "gopher://a.example/",
    "ftp": "ftp://a.example/",
    "no scheme": "a.example/b",
    "no slashes": "https:a.example",
    "one slash": "https:/a.example/",
    "scheme relative": "//a.example/",
    "leading space": " https://a.example/",
    "too long": "https://a.example/" + "a" * 9000,
    "not punycode": "https://xn--a.example/",
    "punycode of plain letters": "https://xn--google-.example/",
    "punycode of what is another name": "https://xn--a-ecp.ru/",
    "mapped to a slash": "https://a.example\uff0fb/",
    "mapped to an at": "https://a\uff20b.example/",
    "mapped to a stop at the end": "https://a.example\u3002/",
    "nothing left of it": "https://\u00ad/",
    "long name": "https://" + "a." * 130 + "example/",
}


@pytest.mark.parametrize(("text", "spelled"), TAKEN)
def test_a_url_has_one_spelling(text, spelled):
    """What goes out is spelled from what was read, and reading it again changes nothing."""
    assert str(parse_url(text)) == spelled
    assert parse_url(spelled) == parse_url(text)


@pytest.mark.parametrize("crime", REFUSED)
def test_an_ambiguous_url_is_refused(crime):
    """No request is made of what another parser may take for another place."""
    with pytest.raises(Refused):
        parse_url(REFUSED[crime])


def test_wide_digits_that_spell_a_plain_address_become_that_address():
    """What the name means after Unicode's mapping is what is checked and called."""
    assert parse_url("https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/").host == "127.0.0.1"


@given(st.text(max_size=60))
def test_reading_never_fails_in_another_way(text):
    """Any text is a target or refused, and a target reads back as itself."""
    for candidate in (text, f"https://{text}", f"https://a.example/{text}"):
        try:
            target = parse_url(candidate)
        except Refused:
            continue
        assert parse_url(str(target)) == target


def test_parameters_cannot_make_a_url_too_long():
    """The whole is held to what a URL may be."""
    with pytest.raises(Refused, match="longer than"):
        parse_url("https://a.example/").with_params([("q", "x" * 9000)])


def test_parameters_are_added_and_taken_away():
    """Added ones are encoded at the end of the query; those taken away go by their decoded name."""
    target = parse_url("https://a.example/?a=1&api%5Fkey=k&b=2")
    assert target.with_params([("q", "x y&")]).query.endswith("b=2&q=x+y%26")
    assert target.without_params(frozenset({"api_key"})).query == "a=1&b=2"
    assert target.with_params([]) == target


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/b", "https://a.example:8443/b"),
        ("c?d", "https://a.example:8443/x/c?d"),
        ("//b.example/", "https://b.example/"),
        ("https://b.example", "https://b.example/"),
    ],
)
def test_a_location_is_read_from_where_it_was_given(location, leads_to):
    """Relative ones keep the origin, the others lead away."""
    assert str(parse_url("https://a.example:8443/x/y").join(location)) == leads_to


@pytest.mark.parametrize(
    "location", ["//[", "https://[::1", "//a]b", "//℅/x", "https://℀.example/", "//[v1.x]/", "//u@b.example/"]
)
def test_a_location_that_leads_nowhere_is_refused(location):
    """Brackets that do not close, and letters that fall apart into others: a source may send anything."""
    with pytest.raises(Refused) as refused:
        parse_url("https://a.example/").join(location)
    assert refused.value.code in {"url_host", "url_userinfo"}


@given(st.text(alphabet=":/[]?#@%.\\℀a1", max_size=20))
def test_reading_a_location_never_fails_in_another_way(location):
    """It leads somewhere or is refused."""
    try:
        led = parse_url("https://a.example/").join(location)
    except Refused:
        return
    assert parse_url(str(led)) == led
