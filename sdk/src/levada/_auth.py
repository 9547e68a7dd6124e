"""How the runtime proves to a source who is asking. Schemes are data: they name secrets, and never hold one."""

import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from levada.errors import ConnectorMistake, InvalidDefinition

ClientAuth = Literal["body", "basic"]
"""Where a client says who it is when it asks for a token: in the form, or as user name and password."""

AWS_SCOPE: Final = "Levada-AWS-Scope"
"""The header by which a route says what a request is signed for. It is the runtime's, and is never sent."""
_AWS_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")


class _Scheme(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BearerAuth(_Scheme):
    """`Authorization: Bearer …`."""

    kind: Literal["bearer"] = "bearer"
    secret: str


class BasicAuth(_Scheme):
    """`Authorization: Basic …`; the user name is a setting or a secret, the password a secret."""

    kind: Literal["basic"] = "basic"
    username: str
    password: str | None = None


class HeaderAuth(_Scheme):
    """A header of the source's own."""

    kind: Literal["header"] = "header"
    name: str
    secret: str
    prefix: str = ""


class QueryAuth(_Scheme):
    """A query parameter."""

    kind: Literal["query"] = "query"
    name: str
    secret: str


class OAuth2ClientCredentials(_Scheme):
    """A token fetched with the client's own credentials."""

    kind: Literal["oauth2_client_credentials"] = "oauth2_client_credentials"
    token_url: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...] = ()
    client_auth: ClientAuth = "body"


class OAuth2Refresh(_Scheme):
    """A token fetched with a refresh token, which the source may rotate."""

    kind: Literal["oauth2_refresh"] = "oauth2_refresh"
    token_url: str
    client_id: str
    client_secret: str | None = None
    refresh_token: str
    scopes: tuple[str, ...] = ()
    client_auth: ClientAuth = "body"


class AwsSigV4(_Scheme):
    """A signature over each whole request, as AWS asks for it (Signature Version 4), for these services alone."""

    kind: Literal["aws_sigv4"] = "aws_sigv4"
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    services: tuple[str, ...]


AuthScheme = Annotated[
    BearerAuth | BasicAuth | HeaderAuth | QueryAuth | OAuth2ClientCredentials | OAuth2Refresh | AwsSigV4,
    Field(discriminator="kind"),
]


def bearer(secret: str) -> BearerAuth:
    """Send the secret of this name as a bearer token."""
    return BearerAuth(secret=secret)


def basic(username: str, password: str | None = None) -> BasicAuth:
    """Send user name and password of these names; without a password the name alone, as some sources want keys."""
    return BasicAuth(username=username, password=password)


def header(name: str, secret: str, *, prefix: str = "") -> HeaderAuth:
    """Send the secret in a header of this name, behind a prefix."""
    return HeaderAuth(name=name, secret=secret, prefix=prefix)


def query(name: str, secret: str) -> QueryAuth:
    """Send the secret as a query parameter of this name."""
    return QueryAuth(name=name, secret=secret)


def oauth2_client_credentials(
    token_url: str,
    *,
    client_id: str,
    client_secret: str,
    scopes: tuple[str, ...] = (),
    client_auth: ClientAuth = "body",
) -> OAuth2ClientCredentials:
    """Fetch a token with the client's own credentials, which are settings or secrets of these names.

    A `token_url` that is a path lies on the connector's first host. The client says who it is in the form it sends, or
    with `client_auth="basic"` as user name and password.
    """
    return OAuth2ClientCredentials(
        token_url=token_url,
        client_id=client_id,
        client_secret=client_secret,
        scopes=tuple(scopes),
        client_auth=client_auth,
    )


def oauth2_refresh(
    token_url: str,
    *,
    client_id: str,
    refresh_token: str,
    client_secret: str | None = None,
    scopes: tuple[str, ...] = (),
    client_auth: ClientAuth = "body",
) -> OAuth2Refresh:
    """Fetch a token with a refresh token; a rotated one is kept before it is used."""
    return OAuth2Refresh(
        token_url=token_url,
        client_id=client_id,
        client_secret=client_secret,
        refresh_token=refresh_token,
        scopes=tuple(scopes),
        client_auth=client_auth,
    )


def aws_sigv4(
    access_key_id: str, secret_access_key: str, *, session_token: str | None = None, services: Sequence[str]
) -> AwsSigV4:
    """Sign each request as AWS asks for it, with the key pair of these names and, if it is a temporary one, its token.

    `services` are the names that AWS signs by (`ec2`, `s3`), and nothing is signed for another; which of them a request
    is for, and in which region, its route says by `headers=aws_scope(service, region)`. Redirects are not signed.
    """
    wrong = [name for name in services if not _AWS_NAME.fullmatch(name)]
    if wrong or not services or isinstance(services, str):
        raise InvalidDefinition(f"services lists what is signed for, by names such as ec2, not {services!r}")
    return AwsSigV4(
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=session_token,
        services=tuple(services),
    )


def aws_scope(service: str, region: str) -> dict[str, str]:
    """Return the headers that say what a request is signed for: `aws_scope("ec2", "eu-central-1")`.

    For a service without regions the region is that of its endpoint: `aws_scope("iam", "us-east-1")`.
    """
    if not _AWS_NAME.fullmatch(service) or not _AWS_NAME.fullmatch(region):
        raise ConnectorMistake(f"a request is signed for a service and a region, not for {service!r} in {region!r}")
    return {AWS_SCOPE: f"{region}/{service}"}


def names_in(scheme: "AuthScheme") -> list[str]:
    """Return the names of settings and secrets that a scheme uses."""
    fields = (
        "secret", "username", "password", "client_id", "client_secret", "refresh_token",
        "access_key_id", "secret_access_key", "session_token",
    )  # fmt: skip
    return [name for field in fields if (name := getattr(scheme, field, None)) is not None]
