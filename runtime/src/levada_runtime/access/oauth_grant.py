"""What is said to fetch an OAuth2 token, and what the answer means. Values in, values out."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import orjson

from levada import AuthFailed, RateLimited, SourceUnavailable
from levada._auth import OAuth2ClientCredentials, OAuth2Refresh

OAuth2 = OAuth2ClientCredentials | OAuth2Refresh
FORM: Final = "application/x-www-form-urlencoded"
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500
_LONGEST_S: Final = 365 * 86_400
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as it was given out; `expires_in_s` is None where the source did not say."""

    access_token: str
    refresh_token: str | None
    expires_in_s: float | None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What is sent to the token's address."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def token_request(scheme: OAuth2, values: Mapping[str, Any], refresh_token: str | None) -> TokenRequest:
    """Return the request for a token; `refresh_token` is the newest one, where the scheme has any."""
    form = {"grant_type": "client_credentials"}
    if isinstance(scheme, OAuth2Refresh):
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token or str(values[scheme.refresh_token])}
    if scheme.scopes:
        form["scope"] = " ".join(scheme.scopes)
    client, secret = str(values[scheme.client_id]), _secret(scheme, values)
    headers = [("Content-Type", FORM), ("Accept", "application/json")]
    if scheme.client_auth == "basic":
        pair = f"{quote_plus(client)}:{quote_plus(secret or '')}"
        headers.append(("Authorization", f"Basic {b64encode(pair.encode()).decode()}"))
    else:
        form |= {"client_id": client} | ({"client_secret": secret} if secret else {})
    return TokenRequest(tuple(headers), urlencode(form).encode())


def read_token(place: str, status: int, body: bytes, wait: float | None) -> Issued:
    """Return the token in an answer.

    Raises AuthFailed when the source refuses the credentials, SourceUnavailable or RateLimited when it may give a token
    another time. What is raised names its error's code, and never repeats the answer.
    """
    if status == _TOO_MANY:
        raise RateLimited(f"{place} answered 429 when it was asked for a token", wait=wait)
    if status >= _SERVER_ERROR:
        raise SourceUnavailable(f"{place} answered {status} when it was asked for a token", wait=wait)
    said = _object(body)
    token = said.get("access_token")
    if status != _OK or not isinstance(token, str) or not token or "error" in said:
        raise AuthFailed(_refusal(place, status, said))
    kind = said.get("token_type")
    if isinstance(kind, str) and kind.lower() not in ("bearer", ""):
        raise AuthFailed(f"{place} gave out a token of the type {kind[:_SHOWN]!r}; only bearer tokens can be sent")
    following = said.get("refresh_token")
    return Issued(token, following if isinstance(following, str) and following else None, _lifetime(said))


def _secret(scheme: OAuth2, values: Mapping[str, Any]) -> str | None:
    value = values.get(scheme.client_secret) if scheme.client_secret else None
    return str(value) if value else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _lifetime(said: Mapping[str, Any]) -> float | None:
    """Return the seconds a token lives, as a number or as the text of one."""
    try:
        seconds = float(said.get("expires_in") or 0)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_S) if seconds > 0 else None


def _refusal(place: str, status: int, said: Mapping[str, Any]) -> str:
    code = said.get("error")
    named = f" ({code[:_SHOWN]})" if isinstance(code, str) and code.replace("_", "").isalnum() else ""
    if code == "invalid_grant":
        return f"{place} does not accept the refresh token any more{named}: authorize again, and set the new one"
    if status == _OK:
        return f"{place} answered without a token{named}"
    return f"{place} gave out no token: it answered {status}{named}"
