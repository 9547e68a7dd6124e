"""How the runtime proves that a webhook comes from its source. Schemes are data; verifying happens outside the wall."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_FIVE_MINUTES = 300


class _Scheme(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StandardWebhooks(_Scheme):
    """The Standard Webhooks scheme."""

    kind: Literal["standard_webhooks"] = "standard_webhooks"
    secret: str
    tolerance_s: int = _FIVE_MINUTES


class HmacSha256(_Scheme):
    """HMAC-SHA-256 of the raw body, optionally behind a timestamp."""

    kind: Literal["hmac_sha256"] = "hmac_sha256"
    header: str
    secret: str
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str | None = None
    tolerance_s: int = _FIVE_MINUTES


class StripeSignature(_Scheme):
    """`Stripe-Signature`."""

    kind: Literal["stripe_signature"] = "stripe_signature"
    secret: str
    tolerance_s: int = _FIVE_MINUTES


class GithubSignature(_Scheme):
    """`X-Hub-Signature-256`."""

    kind: Literal["github_signature"] = "github_signature"
    secret: str


class BearerVerify(_Scheme):
    """A bearer token that the source sends."""

    kind: Literal["bearer"] = "bearer"
    secret: str


class BasicVerify(_Scheme):
    """A user name and a password that the source sends."""

    kind: Literal["basic"] = "basic"
    username: str
    password: str


class Unverified(_Scheme):
    """Nothing proves where the delivery comes from, for this reason."""

    kind: Literal["unverified"] = "unverified"
    reason: str = Field(min_length=1)


VerifyScheme = Annotated[
    StandardWebhooks | HmacSha256 | StripeSignature | GithubSignature | BearerVerify | BasicVerify | Unverified,
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
) -> HmacSha256:
    """Verify an HMAC-SHA-256 in this header; with a timestamp header, over `timestamp.body`."""
    return HmacSha256(
        header=header,
        secret=secret,
        encoding=encoding,
        prefix=prefix,
        timestamp_header=timestamp_header,
        tolerance_s=tolerance_s,
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
    return [name for field in ("secret", "username", "password") if (name := getattr(scheme, field, None)) is not None]
