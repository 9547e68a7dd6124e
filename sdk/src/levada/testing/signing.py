"""Signing deliveries as a source does, to see that only those are taken which are signed as a stream declares."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from levada._auth import BasicAuth, BearerAuth
from levada._request import Request
from levada._verify import GithubSignature, HmacSha256, StandardWebhooks, StripeSignature, VerifyScheme, secrets_in
from levada.testing.wall import Wall

_BODY = b'{"delivery": 1}'
_OTHER_BODY = b'{"delivery": 2}'
_ID = "msg_1"
_SECRET = "whsec_" + base64.b64encode(b"a secret that only tests know").decode()
Values = Mapping[str, str]


def covers_body(scheme: VerifyScheme) -> bool:
    """Tell whether a signature depends on the body; schemes that sign nothing have none that could."""
    values, now = _values(scheme), datetime.now(UTC)
    return not _signs(scheme) or signed(scheme, values, _BODY, now) != signed(scheme, values, _OTHER_BODY, now)


def wrongly_taken(wall: Wall, scheme: VerifyScheme) -> str | None:
    """Say what of a scheme's deliveries the runtime wrongly takes, or wrongly does not take."""
    values, now = _values(scheme), datetime.now(UTC)
    headers = signed(scheme, values, _BODY, now)
    why = wall.refused(scheme, values, Request(_BODY, headers), now)
    if why is not None:
        return f"does not take a delivery signed as it declares: {why}"
    if wall.refused(scheme, values, Request(_BODY, {}), now) is None:
        return "takes an unsigned delivery"
    if _signs(scheme) and wall.refused(scheme, values, Request(_OTHER_BODY, headers), now) is None:
        return "takes a delivery with another body than was signed"
    return None


def signed(scheme: VerifyScheme, values: Values, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove a delivery by a scheme, whose secrets and settings are these."""
    stamp = str(int(now.timestamp()))
    match scheme:
        case StandardWebhooks():
            key = base64.b64decode(values[scheme.secret].removeprefix("whsec_"))
            signature = base64.b64encode(_digest(key, f"{_ID}.{stamp}.".encode() + body)).decode()
            return {"webhook-id": _ID, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}
        case HmacSha256():
            return _hmac(scheme, values[scheme.secret], body, stamp)
        case StripeSignature():
            signature = _digest(values[scheme.secret].encode(), f"{stamp}.".encode() + body).hex()
            return {"Stripe-Signature": f"t={stamp},v1={signature}"}
        case GithubSignature():
            return {"X-Hub-Signature-256": f"sha256={_digest(values[scheme.secret].encode(), body).hex()}"}
        case BearerAuth():
            return {"Authorization": f"Bearer {values[scheme.secret]}"}
        case BasicAuth():
            password = values[scheme.password] if scheme.password is not None else ""
            pair = base64.b64encode(f"{values[scheme.username]}:{password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        case _:
            return {}


def _hmac(scheme: HmacSha256, secret: str, body: bytes, stamp: str) -> dict[str, str]:
    content, headers = body, {}
    if scheme.timestamp_header is not None:
        content = scheme.signed.encode().replace(b"{timestamp}", stamp.encode()).replace(b"{body}", body)
        headers[scheme.timestamp_header] = stamp
    digest = _digest(secret.encode(), content)
    spelled = digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
    return {**headers, scheme.header: f"{scheme.prefix}{spelled}"}


def _signs(scheme: VerifyScheme) -> bool:
    return isinstance(scheme, StandardWebhooks | HmacSha256 | StripeSignature | GithubSignature)


def _values(scheme: VerifyScheme) -> Values:
    return dict.fromkeys(secrets_in(scheme), _SECRET)


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()
