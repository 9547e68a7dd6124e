"""The one parser of URLs that are going to be called: what it does not accept is not sent.

Two parsers that read one URL differently are how requests are smuggled past a check, so the checks and the client share
this one's answer, and what goes out is spelled again from it.
"""

import re
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote, unquote_plus, urlencode, urljoin

import idna

from levada_runtime.outbound.addresses import Address
from levada_runtime.outbound.errors import Refused

DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_LONGEST: Final = 8192
_LONGEST_HOST: Final = 253
_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(\?(?P<query>[^#]*))?"
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(:(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"
_IN_QUERY: Final = _IN_PATH + "?"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: `host` is a lower-case ASCII name or an address in its one spelling, without brackets."""

    scheme: str
    host: str
    port: int
    path: str = "/"
    query: str = ""

    @property
    def address(self) -> Address | None:
        """The host as an address, if it is one."""
        try:
            return IPv6Address(self.host) if ":" in self.host else IPv4Address(self.host)
        except AddressValueError:
            return None

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what credentials are given to."""
        return self.scheme, self.host, self.port

    @property
    def place(self) -> str:
        """Host and port, as a person writes them; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def without_query(self) -> str:
        """The URL as it may stand in a log."""
        return f"{self.scheme}://{self.place}{self.path}"

    def __str__(self) -> str:
        return f"{self.without_query}?{self.query}" if self.query else self.without_query

    def with_params(self, params: list[tuple[str, str]]) -> "Target":
        """Return the target with parameters added at the end of its query."""
        try:
            added = urlencode(params)
        except UnicodeEncodeError:
            raise Refused("a parameter is not text that can be sent", code="url_character") from None
        whole = replace(self, query=f"{self.query}&{added}" if self.query and added else self.query or added)
        _check_length(str(whole))
        return whole

    def without_params(self, names: frozenset[str]) -> "Target":
        """Return the target without the parameters of these names; the rest stays as it is spelled."""
        kept = [part for part in self.query.split("&") if unquote_plus(part.partition("=")[0]) not in names]
        return replace(self, query="&".join(kept)) if names else self

    def join(self, location: str) -> "Target":
        """Return where a `Location` or a relative link leads from here.

        Raises Refused as `parse_url` does.
        """
        try:
            absolute = urljoin(str(self), check_characters(location))
        except ValueError:  # from the standard library's own reading of brackets and compatibility characters
            raise Refused("the host and port of the URL cannot be read", code="url_host") from None
        return parse_url(absolute)


def parse_url(text: str) -> Target:
    """Read an absolute http(s) URL; a fragment is dropped, since it is never sent.

    Raises Refused for anything that two readers might read differently: user names, control characters, backslashes,
    addresses in odd spellings, ports out of range.
    """
    found = _PARTS.match(check_characters(text))
    if found is None:
        raise Refused("the URL is not absolute: it must begin with https:// and a host", code="url_not_absolute")
    scheme = found["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise Refused(f"the scheme {scheme}: cannot be called; use https:", code="url_scheme")
    host, port = _authority(found["authority"])
    return Target(
        scheme=scheme,
        host=host,
        port=DEFAULT_PORTS[scheme] if port is None else port,
        path=quote(found["path"] or "/", safe=_IN_PATH),
        query=quote(found["query"] or "", safe=_IN_QUERY),
    )


def check_characters(text: str) -> str:
    """Return the text unless it holds what no URL does and some parser overlooks.

    Raises Refused for control characters, backslashes, lone surrogates, and for more than 8 KiB.
    """
    _check_length(text)
    for character in text:
        if character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff":
            raise Refused("the URL holds a control character", code="url_character")
        if character == "\\":
            raise Refused("the URL holds a backslash; write /", code="url_character")
    return text


def parse_host(text: str) -> str:
    """Return a host's one spelling: an ASCII name in lower case, or an address.

    Raises Refused for empty names and labels, and for every spelling of an address but the plain one.
    """
    if text.startswith("["):
        return _bracketed(text)
    name = _ascii(text)
    if _NUMERIC.fullmatch(name.rpartition(".")[2]):
        return _dotted(name)
    if len(name) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise Refused(f"{text!r} is not the name of a host", code="url_host")
    return name


def _authority(text: str) -> tuple[str, int | None]:
    if "@" in text:
        raise Refused("the URL holds a user name; credentials belong in the connector's auth", code="url_userinfo")
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        raise Refused("the host and port of the URL cannot be read", code="url_host")
    port = None if found["port"] is None else int(found["port"])
    if port is not None and not 0 < port < 1 << 16:
        raise Refused(f"there is no port {port}", code="url_port")
    return parse_host(found["host"]), port


def _bracketed(text: str) -> str:
    try:
        address = IPv6Address(text[1:-1])
    except AddressValueError:
        raise Refused(f"{text} is not an address", code="url_host") from None
    if address.scope_id is not None:
        raise Refused(f"{text} names a network interface", code="url_host")
    return str(address)


def _dotted(name: str) -> str:
    try:
        return str(IPv4Address(name))
    except AddressValueError:
        raise Refused(
            f"{name!r} is an address in an odd spelling; write four decimal numbers", code="url_host"
        ) from None


def _check_length(text: str) -> None:
    if len(text) > _LONGEST:
        raise Refused(f"the URL is longer than {_LONGEST} characters", code="url_too_long")


def _ascii(text: str) -> str:
    """Return a name in ASCII; one that claims to be international already has to be what its own letters spell."""
    try:
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode("ascii").lower()
        if any(_spelled_again(label) != label for label in name.split(".") if label.startswith("xn--")):
            raise Refused(f"{text!r} is not the name of a host", code="url_host")
    except idna.IDNAError:
        raise Refused(f"{text!r} is not the name of a host", code="url_host") from None
    return name


def _spelled_again(label: str) -> str:
    return idna.encode(idna.decode(label)).decode("ascii")
