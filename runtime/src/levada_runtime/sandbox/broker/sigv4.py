"""AWS Signature Version 4: a request proven by a signature over all of it. Values in, values out.

A source that receives a URL spells it again before it checks the signature, so there is one spelling that is both sent
and signed (`spelled`): what may stand in it unescaped is what AWS says may.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from levada_runtime.outbound import Step, Target
from levada_runtime.outbound.headers import Headers

SCHEME: Final = "AWS4-HMAC-SHA256"
OURS: Final = frozenset({"authorization", "date", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"})
"""The headers that prove a request, in lower case: a route's own of these names are left out."""
_NOT_SIGNED: Final = frozenset({"accept", "accept-encoding", "authorization", "user-agent", "x-amzn-trace-id"})
"""What a proxy may change on the way."""
_AS_IT_IS: Final = "-._~"
_ENCODED_ONCE: Final = "s3"
_SPACES = re.compile(r" +")


@dataclass(frozen=True, slots=True)
class Keys:
    """What is signed with; the token belongs to keys that are good for a while only."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for: one service in one region."""

    region: str
    service: str


def spelled(target: Target) -> Target:
    """Return the target with everything escaped in path and query that is neither a letter, a digit nor `-._~`.

    A plus sign in the query is a space, as it is in forms.
    """
    path = "/".join(quote(unquote_to_bytes(part), safe=_AS_IT_IS) for part in target.path.split("/"))
    pairs = (part.partition("=") for part in target.query.split("&") if part)
    query = "&".join(f"{_strict(name)}{equals}{_strict(value)}" for name, equals, value in pairs)
    return replace(target, path=path, query=query).with_params([])


def sign(step: Step, keys: Keys, scope: Scope, now: datetime) -> Headers:
    """Return the headers that prove a request which goes out, with its target in the one spelling, in these minutes."""
    payload = hashlib.sha256(step.body or b"").hexdigest()
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    added: Headers = (("X-Amz-Date", stamp), ("X-Amz-Content-Sha256", payload))
    if keys.session_token is not None:
        added += (("X-Amz-Security-Token", keys.session_token),)
    signed = [(name, value) for name, value in (*step.headers, *added) if name.lower() not in _NOT_SIGNED]
    signed.append(("Host", step.target.place))
    return (*added, ("Authorization", authorization(step.method, step.target, signed, payload, keys, scope, stamp)))


def authorization(
    method: str, target: Target, headers: Iterable[tuple[str, str]], payload: str, keys: Keys, scope: Scope, stamp: str
) -> str:
    """Return the value of `Authorization` for a request with these headers, all of which are signed.

    `payload` is the hexadecimal SHA-256 of the body, `stamp` the moment as it stands in `X-Amz-Date`.
    """
    request, names = canonical_request(method, target, headers, payload, scope.service)
    place = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    proven = "\n".join((SCHEME, stamp, place, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_signing_key(keys, place), proven.encode(), hashlib.sha256).hexdigest()
    return f"{SCHEME} Credential={keys.access_key_id}/{place}, SignedHeaders={names}, Signature={signature}"


def canonical_request(
    method: str, target: Target, headers: Iterable[tuple[str, str]], payload: str, service: str
) -> tuple[str, str]:
    """Return the text that stands for a request, and the names of its headers."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(_SPACES.sub(" ", value.strip()))
    names = sorted(values)
    lines = "".join(f"{name}:{','.join(values[name])}\n" for name in names)
    listed = ";".join(names)
    path = _canonical_path(target.path, service)
    return "\n".join((method, path, _canonical_query(target.query), lines, listed, payload)), listed


def _canonical_path(path: str, service: str) -> str:
    """Return a path as it is signed: escaped once more, without what leads nowhere; S3 takes keys as they are."""
    if service == _ENCODED_ONCE:
        return spelled(Target("https", "any", 443, path)).path
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    ends = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{ends}", safe=f"/{_AS_IT_IS}")


def _canonical_query(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return "&".join(f"{name}={value}" for name, value in sorted((_strict(n), _strict(v)) for n, _, v in pairs))


def _strict(text: str) -> str:
    return quote(unquote_plus(text, errors="surrogateescape"), safe=_AS_IT_IS, errors="surrogateescape")


def _signing_key(keys: Keys, place: str) -> bytes:
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in place.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
