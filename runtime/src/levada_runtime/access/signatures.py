"""Whether a webhook comes from where it says: every scheme, on the raw bytes as they arrived. Values in, values out.

A secret's value may hold several live secrets, one a line: deliveries signed by any of them are taken, so that a source
can be moved from the old one to the new without losing any. Every comparison takes the same time wherever the
difference lies, and every live secret is tried. What is malformed is refused with a reason, never an exception.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from levada._auth import BasicAuth, BearerAuth
from levada._verify import GithubSignature, HmacSha256, StandardWebhooks, StripeSignature, VerifyScheme

Reason = Literal[
    "secret_missing",
    "signature_missing",
    "signature_malformed",
    "signature_mismatch",
    "timestamp_missing",
    "timestamp_malformed",
    "timestamp_outside_tolerance",
]
_PREFIX = "whsec_"
_PLACE = re.compile(rb"\{(timestamp|body)\}")
_DIGITS = re.compile(r"[0-9]{1,16}", re.ASCII)
_MILLISECONDS = 100_000_000_000
"""A timestamp from here on counts milliseconds: in seconds it would be the year 5138."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The delivery comes from somebody who holds the secret, or the stream takes it from anybody."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The delivery proves nothing, for this reason."""

    reason: Reason


Verdict = Verified | Refused
Values = Mapping[str, str]


class _Unproved(Exception):  # noqa: N818 - a refusal on its way to the one place that returns it
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def verify(scheme: VerifyScheme, values: Values, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
    """Return whether `body`, as it arrived with these headers, is proved by the scheme.

    `values` holds secrets, and settings that a scheme names, by name. Header names may be in any case.
    """
    check = _CHECKS.get(scheme.kind)
    try:
        if check is not None:
            check(scheme, values, {name.lower(): value for name, value in headers.items()}, body, now)
    except _Unproved as unproved:
        return Refused(unproved.reason)
    return Verified()


def live_secrets(value: str | None) -> list[str]:
    """Return the secrets that a stored value holds, one a line; none when there is nothing in it."""
    return [line.strip() for line in (value or "").splitlines() if line.strip()]


def is_one_of(given: str, secrets: Iterable[str]) -> bool:
    """Tell whether `given` is one of these, in a time that depends on neither."""
    return _equals_any([_bytes(given)], [_bytes(secret) for secret in secrets])


def sign_standard(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of a message by the Standard Webhooks scheme, signed with every live secret.

    Raises ValueError when a secret is no base64, with or without `whsec_` before it.
    """
    keys = [_standard_key(one) for one in live_secrets(secret)]
    if not keys or None in keys:
        raise ValueError("the secret must be base64, best with whsec_ before it; several stand one a line")
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return " ".join(f"v1,{_base64(_digest(key, content))}" for key in keys if key is not None)


def _check_standard(
    scheme: StandardWebhooks, values: Values, headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    secrets = _secrets(values, scheme.secret)
    given = _header(headers, "webhook-signature")
    message_id = _header(headers, "webhook-id")
    timestamp = _header(headers, "webhook-timestamp", "timestamp_missing")
    keys = [key for key in map(_standard_key, secrets) if key is not None]
    if not keys:
        raise _Unproved("secret_missing")
    signatures = [part.removeprefix("v1,") for part in given.split() if part.startswith("v1,")]
    content = b".".join((_bytes(message_id), _bytes(timestamp), body))
    _require(signatures, [_base64(_digest(key, content)) for key in keys])
    _require_recent(timestamp, scheme.tolerance_s, now)


def _check_hmac(scheme: HmacSha256, values: Values, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    secrets = _secrets(values, scheme.secret)
    given = _header(headers, scheme.header)
    if not given.startswith(scheme.prefix):
        raise _Unproved("signature_malformed")
    timestamp = None
    if scheme.timestamp_header is not None:
        timestamp = _header(headers, scheme.timestamp_header, "timestamp_missing")
    content = body if timestamp is None else _filled(scheme.signed, timestamp, body)
    digests = [_digest(secret.encode(), content) for secret in secrets]
    _require([given.removeprefix(scheme.prefix)], _spelled(digests, scheme.encoding))
    if timestamp is not None:
        _require_recent(timestamp, scheme.tolerance_s, now)


def _check_stripe(
    scheme: StripeSignature, values: Values, headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    secrets = _secrets(values, scheme.secret)
    parts = [part.strip().partition("=") for part in _header(headers, "stripe-signature").split(",")]
    timestamps = [value for name, _, value in parts if name == "t"]
    if len(timestamps) != 1:
        raise _Unproved("timestamp_malformed" if timestamps else "timestamp_missing")
    content = _bytes(timestamps[0]) + b"." + body
    expected = _spelled([_digest(secret.encode(), content) for secret in secrets], "hex")
    _require([value for name, _, value in parts if name == "v1"], expected)
    _require_recent(timestamps[0], scheme.tolerance_s, now)


def _check_github(
    scheme: GithubSignature, values: Values, headers: Mapping[str, str], body: bytes, _now: datetime
) -> None:
    secrets = _secrets(values, scheme.secret)
    name, _, given = _header(headers, "x-hub-signature-256").partition("=")
    if name != "sha256":
        raise _Unproved("signature_malformed")
    _require([given], _spelled([_digest(secret.encode(), body) for secret in secrets], "hex"))


def _check_bearer(scheme: BearerAuth, values: Values, headers: Mapping[str, str], _body: bytes, _now: datetime) -> None:
    _require([_credentials(headers, "bearer")], _secrets(values, scheme.secret))


def _check_basic(scheme: BasicAuth, values: Values, headers: Mapping[str, str], _body: bytes, _now: datetime) -> None:
    names = _secrets(values, scheme.username)
    passwords = _secrets(values, scheme.password) if scheme.password is not None else [""]
    expected = [_base64(f"{name}:{password}".encode()) for name in names for password in passwords]
    _require([_credentials(headers, "basic")], expected)


_CHECKS: Mapping[str, Callable[..., None]] = {
    "standard_webhooks": _check_standard,
    "hmac_sha256": _check_hmac,
    "stripe_signature": _check_stripe,
    "github_signature": _check_github,
    "bearer": _check_bearer,
    "basic": _check_basic,
}


def _secrets(values: Values, name: str) -> list[str]:
    """Return the live secrets of a name; an empty one would let everybody sign, so there must be one."""
    secrets = live_secrets(values.get(name))
    if not secrets:
        raise _Unproved("secret_missing")
    return secrets


def _header(headers: Mapping[str, str], name: str, missing: Reason = "signature_missing") -> str:
    value = headers.get(name.lower(), "").strip()
    if not value:
        raise _Unproved(missing)
    return value


def _credentials(headers: Mapping[str, str], scheme: str) -> str:
    name, _, given = _header(headers, "authorization").partition(" ")
    if name.lower() != scheme or not given.strip():
        raise _Unproved("signature_malformed")
    return given.strip()


def _require(given: list[str], expected: list[str]) -> None:
    if not given:
        raise _Unproved("signature_malformed")
    if not _equals_any([_bytes(one) for one in given], [_bytes(one) for one in expected]):
        raise _Unproved("signature_mismatch")


def _equals_any(given: list[bytes], expected: list[bytes]) -> bool:
    """Compare each with each to the end: which secret fits, and where another differs, is not to be measured."""
    found = False
    for one in given:
        for other in expected:
            found |= hmac.compare_digest(one, other)
    return found


def _require_recent(timestamp: str, tolerance_s: int, now: datetime) -> None:
    """Refuse a moment too far from now, on either side; it was signed, so only a replay or a clock can be wrong."""
    if not _DIGITS.fullmatch(timestamp):
        raise _Unproved("timestamp_malformed")
    moment = int(timestamp)
    seconds = moment / 1000 if moment >= _MILLISECONDS else moment
    if abs(now.timestamp() - seconds) > tolerance_s:
        raise _Unproved("timestamp_outside_tolerance")


def _filled(template: str, timestamp: str, body: bytes) -> bytes:
    """Return what was signed; what stands in the body is never taken for a place in the template."""
    given = {b"{timestamp}": _bytes(timestamp), b"{body}": body}
    return _PLACE.sub(lambda found: given[found[0]], template.encode())


def _spelled(digests: list[bytes], encoding: Literal["hex", "base64"]) -> list[str]:
    """Return the only spellings that are taken: canonical base64, or hex all in lower or all in upper case."""
    if encoding == "base64":
        return [_base64(digest) for digest in digests]
    return [spelling for digest in digests for spelling in (digest.hex(), digest.hex().upper())]


def _standard_key(secret: str) -> bytes | None:
    """Return the key in a `whsec_…` secret, or None when it is no base64 or holds nothing."""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _digest(key: bytes, content: bytes) -> bytes:
    # Not hmac.digest: it lets go of the interpreter even for a few bytes, and then waits for whoever took it.
    return hmac.new(key, content, hashlib.sha256).digest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    """Return a header's bytes as they arrived, where it holds what came over the wire; else its UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode(errors="replace")
