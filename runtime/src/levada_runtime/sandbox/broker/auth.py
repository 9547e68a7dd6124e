"""Credentials from a manifest's scheme and a connection's values; nothing of them is ever sent to the child."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

from levada import AuthFailed, ConnectorMistake, Forbidden, Manifest
from levada._auth import (
    AwsSigV4,
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
from levada_runtime.sandbox.broker.evidence import SCOPE_NAME, Constant, Evidence, Signature
from levada_runtime.sandbox.broker.sigv4 import Keys, Scope

_SCOPE: Final = re.compile(r"(?P<region>[a-z0-9-]{1,64})/(?P<service>[a-z0-9-]{1,64})")


def evidence(
    manifest: Manifest,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    headers: Iterable[tuple[str, str]],
    *,
    token: Callable[[], str] | None,
    now: Callable[[], datetime],
) -> Evidence:
    """Return what proves to the source who is asking; nothing when the connector has no `auth` or its values are unset.

    `headers` are the route's own, which say what a signature is for; `token` gives the access token of an OAuth2
    scheme. Raises AuthFailed when a required value is missing or cannot be sent, ConnectorMistake or Forbidden when a
    request is signed for nothing or for what the manifest does not name, and what `token` raises.
    """
    scheme = manifest.auth
    if scheme is None:
        return Constant()
    values = {**settings, **secrets}
    absent = [name for name in names_in(scheme) if values.get(name) in (None, "")]
    if isinstance(scheme, AwsSigV4):
        return _signature(
            scheme, values, [one for one in absent if one != scheme.session_token], headers, manifest, now
        )
    if absent and _all_optional(manifest, absent):
        return Constant()
    _refuse_absent(absent)
    return Constant(_checked(_spelled(scheme, values, token)))


def signs(manifest: Manifest) -> bool:
    """Tell whether requests are signed; who refuses a signature often says all that it was made of."""
    return isinstance(manifest.auth, AwsSigV4)


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


def _signature(
    scheme: AwsSigV4,
    values: Mapping[str, Any],
    absent: list[str],
    headers: Iterable[tuple[str, str]],
    manifest: Manifest,
    now: Callable[[], datetime],
) -> Evidence:
    if absent and _all_optional(manifest, absent):
        return Constant(hidden=frozenset({SCOPE_NAME}))
    _refuse_absent(absent)
    token = values.get(scheme.session_token or "") or None
    keys = Keys(str(values[scheme.access_key_id]), str(values[scheme.secret_access_key]), token)
    _checked(Additions(headers=(("Authorization", keys.access_key_id), ("X-Amz-Security-Token", token or ""))))
    return Signature(keys, _scope(manifest.key, scheme, headers), now)


def _scope(connector: str, scheme: AwsSigV4, headers: Iterable[tuple[str, str]]) -> Scope:
    """Return what a request is signed for, as its route says and the manifest allows."""
    said = next((value for name, value in headers if name.lower() == SCOPE_NAME), "")
    found = _SCOPE.fullmatch(said)
    if found is None:
        raise ConnectorMistake(
            f"{connector} does not say which service and region a request is signed for: "
            "give it headers=aws_scope(service, region)"
        )
    if found["service"] not in scheme.services:
        raise Forbidden(
            f"{connector} asks for a signature for {found['service']}, which it does not declare "
            f"(declared: {', '.join(scheme.services)}); add it to the services of aws_sigv4"
        )
    return Scope(found["region"], found["service"])


def _refuse_absent(names: list[str]) -> None:
    if names:
        raise AuthFailed(f"the connection has no value for {', '.join(names)}, which the source asks for")


def _spelled(
    scheme: BearerAuth | BasicAuth | HeaderAuth | QueryAuth | OAuth2ClientCredentials | OAuth2Refresh,
    values: Mapping[str, Any],
    token: Callable[[], str] | None,
) -> Additions:
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
