"""How the runtime proves that a webhook comes from its source. Schemes are data; verifying happens outside the wall."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from levada._auth import BasicAuth, BearerAuth

_FIVE_MINUTES = 300
Handshake = Literal["url_verification", "hub.challenge"]


class _Scheme(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StandardWebhooks(_Scheme):
    """The Standard Webhooks scheme."""

    kind: Literal["standard_webhooks"] = "standard_webhooks"
    secret: str
    tolerance_s: int = _FIVE_MINUTES


class HmacSha256(_Scheme):
    """HMAC-SHA-256 of the raw body, or of what `signed` makes of it and a timestamp.

    `handshake` names what the source sends first, to be echoed: Slack's `url_verification`, or Meta's `hub.challenge`,
    which is only answered when its verify token is the secret named by `handshake_secret`.
    """

    kind: Literal["hmac_sha256"] = "hmac_sha256"
    header: str
    secret: str
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str | None = None
    tolerance_s: int = _FIVE_MINUTES
    signed: str = "{timestamp}.{body}"
    handshake: Handshake | None = None
    handshake_secret: str | None = None


class StripeSignature(_Scheme):
    """`Stripe-Signature`."""

    kind: Literal["stripe_signature"] = "stripe_signature"
    secret: str
    tolerance_s: int = _FIVE_MINUTES


class GithubSignature(_Scheme):
    """`X-Hub-Signature-256`."""

    kind: Literal["github_signature"] = "github_signature"
    secret: str


class Unverified(_Scheme):
    """Nothing proves where the delivery comes from, for this reason."""

    kind: Literal["unverified"] = "unverified"
    reason: str = Field(min_length=1)


VerifyScheme = Annotated[
    StandardWebhooks | HmacSha256 | StripeSignature | GithubSignature | BearerAuth | BasicAuth | Unverified,
    Field(discriminator="kind"),
]


def standard_webhooks(secret: str, *, tolerance_s: int = _FIVE_MINUTES) -> StandardWebhooks:
    """Verify by the Standard Webhooks scheme."""
    return StandardWebhooks(secret=secret, tolerance_s=tolerance_s)


def hmac_sha256(
    header: str,
    *,
    secret: str,
    encoding: Literal["hex", "base64"] = "hex",
    prefix: str = "",
    timestamp_header: str | None = None,
    tolerance_s: int = _FIVE_MINUTES,
    signed: str = "{timestamp}.{body}",
    handshake: Handshake | None = None,
    handshake_secret: str | None = None,
) -> HmacSha256:
    """Verify an HMAC-SHA-256 in this header; with a timestamp header, over what `signed` spells."""
    return HmacSha256(
        header=header,
        secret=secret,
        encoding=encoding,
        prefix=prefix,
        timestamp_header=timestamp_header,
        tolerance_s=tolerance_s,
        signed=signed,
        handshake=handshake,
        handshake_secret=handshake_secret,
    )


def stripe_signature(secret: str, *, tolerance_s: int = _FIVE_MINUTES) -> StripeSignature:
    """Verify as Stripe signs."""
    return StripeSignature(secret=secret, tolerance_s=tolerance_s)


def github_signature(secret: str) -> GithubSignature:
    """Verify as GitHub signs."""
    return GithubSignature(secret=secret)


def unverified(*, reason: str) -> Unverified:
    """Take deliveries from anybody, for a reason that operators are shown."""
    return Unverified(reason=reason)


def secrets_in(scheme: "VerifyScheme") -> list[str]:
    """Return the names of the secrets that a scheme uses."""
    fields = ("secret", "username", "password", "handshake_secret")
    return [name for field in fields if (name := getattr(scheme, field, None)) is not None]
