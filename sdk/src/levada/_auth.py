"""How the runtime proves to a source who is asking. Schemes are data: they name secrets, and never hold one."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ClientAuth = Literal["body", "basic"]
"""Where a client says who it is when it asks for a token: in the form, or as user name and password."""


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


AuthScheme = Annotated[
    BearerAuth | BasicAuth | HeaderAuth | QueryAuth | OAuth2ClientCredentials | OAuth2Refresh,
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


def names_in(scheme: "AuthScheme") -> list[str]:
    """Return the names of settings and secrets that a scheme uses."""
    fields = ("secret", "username", "password", "client_id", "client_secret", "refresh_token")
    return [name for field in fields if (name := getattr(scheme, field, None)) is not None]
