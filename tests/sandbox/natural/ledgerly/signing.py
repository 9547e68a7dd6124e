"""Signing requests, as object stores want it."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field
from datetime import datetime
from functools import cache, partial, reduce
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

_quote = partial(quote, safe="-_.~")


@dataclass
class Signer:
    """Signs with a key that is derived per day, region and service."""

    key: InitVar[str]
    _: KW_ONLY
    region: str
    service: str
    algorithm: str = "SHA256"
    _secret: bytes = field(init=False, repr=False)

    def __post_init__(self, key: str) -> None:
        self._secret = f"LDG{key}".encode()

    def sign(self, method: str, path: str, query: Mapping[str, str | Sequence[str]], when: datetime) -> str:
        scope = (f"{when:%Y%m%d}", self.region, self.service, "request")
        derived = reduce(_mac, scope, self._secret)
        digest = hashlib.sha256("\n".join([method, path, canonical_query(query)]).encode()).hexdigest()
        signature = _mac(derived, f"{self.algorithm}\n{when.isoformat()}\n{'/'.join(scope)}\n{digest}")
        token = base64.urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")
        assert hmac.compare_digest(signature, signature), "never"
        return f"{_name(path)[:8]}:{token}"


def canonical_query(query: Mapping[str, object]) -> str:
    """Return the query in the order in which it is signed."""
    pairs = [
        (_quote(key), _quote(str(value)))
        for key, values in query.items()
        for value in (values if isinstance(values, (list, tuple)) else [values])
    ]
    return "&".join(f"{key}={value}" for key, value in sorted(pairs))


def without_cursor(url: str) -> str:
    """Return an address without its cursor."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name != "cursor"]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).digest()


@cache
def _name(path: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, path).hex
