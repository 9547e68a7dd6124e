"""Credentials from a manifest's scheme and a connection's values; nothing of them is ever sent to the child."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from levada import AuthFailed, Manifest
from levada._auth import (
    AuthScheme,
    BasicAuth,
    BearerAuth,
    HeaderAuth,
    OAuth2ClientCredentials,
    OAuth2Refresh,
    QueryAuth,
    names_in,
)
from levada_runtime.outbound import Additions, Refused
from levada_runtime.outbound.headers import check_header


def credentials(
    manifest: Manifest, settings: Mapping[str, Any], secrets: Mapping[str, str], token: Callable[[], str] | None = None
) -> Additions:
    """Return what proves to the source who is asking; nothing when the connector has no `auth` or its values are unset.

    `token` gives the access token of an OAuth2 scheme. Raises AuthFailed when a required value is missing or cannot be
    sent, and what `token` raises.
    """
    scheme = manifest.auth
    if scheme is None:
        return Additions()
    values = {**settings, **secrets}
    absent = [name for name in names_in(scheme) if values.get(name) in (None, "")]
    if absent and _all_optional(manifest, absent):
        return Additions()
    if absent:
        raise AuthFailed(f"the connection has no value for {', '.join(absent)}, which the source asks for")
    return _checked(_spelled(scheme, values, token))


def basic_pairs(manifest: Manifest, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return user name and password when they are sent as one word, for masking it."""
    values = {**settings, **secrets}
    match manifest.auth:
        case BasicAuth():
            return [_pair(manifest.auth, values)]
        case OAuth2ClientCredentials() | OAuth2Refresh(client_auth="basic"):
            pair = (
                str(values.get(manifest.auth.client_id) or ""),
                str(values.get(manifest.auth.client_secret or "") or ""),
            )
            return [pair, (quote_plus(pair[0]), quote_plus(pair[1]))]
        case _:
            return []


def query_names(manifest: Manifest) -> frozenset[str]:
    """Return the parameters that carry credentials; a source's link to its next page may repeat them."""
    return frozenset({manifest.auth.name}) if isinstance(manifest.auth, QueryAuth) else frozenset()


def credential_names(manifest: Manifest) -> frozenset[str]:
    """Return the header that carries credentials, in lower case, if one does."""
    return frozenset({manifest.auth.name.lower()}) if isinstance(manifest.auth, HeaderAuth) else frozenset()


def _spelled(scheme: AuthScheme, values: Mapping[str, Any], token: Callable[[], str] | None) -> Additions:
    match scheme:
        case BearerAuth():
            return Additions(headers=(("Authorization", f"Bearer {values[scheme.secret]}"),))
        case BasicAuth():
            word = b64encode(":".join(_pair(scheme, values)).encode()).decode()
            return Additions(headers=(("Authorization", f"Basic {word}"),))
        case HeaderAuth():
            return Additions(headers=((scheme.name, f"{scheme.prefix}{values[scheme.secret]}"),))
        case QueryAuth():
            return Additions(params=((scheme.name, str(values[scheme.secret])),))
        case OAuth2ClientCredentials() | OAuth2Refresh():
            if token is None:
                raise AuthFailed(f"no token can be fetched for {scheme.kind} here: there is nowhere to keep it")
            return Additions(headers=(("Authorization", f"Bearer {token()}"),))


def _checked(additions: Additions) -> Additions:
    for name, value in additions.headers:
        try:
            check_header(name, value)
        except Refused:
            raise AuthFailed(
                f"the value sent as {name} holds a line break or another character that cannot be sent: set it again"
            ) from None
    return additions


def _pair(scheme: BasicAuth, values: Mapping[str, Any]) -> tuple[str, str]:
    return str(values.get(scheme.username) or ""), str(values.get(scheme.password or "") or "")


def _all_optional(manifest: Manifest, names: list[str]) -> bool:
    optional = {setting.name for setting in manifest.settings if not setting.required}
    return optional.issuperset(names)
