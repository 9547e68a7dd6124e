"""`webhook.out`: posts the body to an address, signed by Standard Webhooks when asked to."""

import re
from typing import Annotated, Any, Final, Self

from pydantic import Field, WithJsonSchema, model_validator

from levada_runtime.pipeline.destinations import secrets
from levada_runtime.pipeline.destinations.addresses import pieces_of, url_problem, written
from levada_runtime.pipeline.destinations.fields import Address, DestinationFields
from levada_runtime.pipeline.language.faults import Fault, LanguageFailed, did_you_mean
from levada_runtime.pipeline.language.fields import TEXT, SecretText, faulty, reader, text_of
from levada_runtime.pipeline.language.nodes import Literal, Node
from levada_runtime.pipeline.language.references import Reading
from levada_runtime.pipeline.language.scope import Scope
from levada_runtime.pipeline.model import StepFailed

SCHEMES: Final = ("bearer", "hmac")

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS: Final = frozenset({
    "connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive",
    "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "webhook-id",
    "webhook-signature", "webhook-timestamp",
})  # fmt: skip
_UNFIT: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def _url(given: Any, reading: Reading) -> Node:
    node = text_of(given, reading)
    first = pieces_of(node)[0]
    if isinstance(node, Literal):
        problem = url_problem(node.literal)
    elif isinstance(first, Literal) and not re.match(r"https?://", first.literal):
        problem = "an address begins with https:// or http://"
    else:
        problem = None
    if problem:
        raise LanguageFailed([Fault(problem)])
    return node


def _auth(given: Any, _: Reading) -> dict[str, str] | None:
    if given is None or given == "none":
        return None
    if not isinstance(given, dict) or len(given) != 1:
        raise LanguageFailed([Fault("`auth` is none, or one of {bearer: SECRET_NAME} and {hmac: SECRET_NAME}")])
    [(scheme, name)] = given.items()
    if scheme not in SCHEMES:
        message = f"unknown scheme {scheme!r}{did_you_mean(scheme, SCHEMES)}"
        raise LanguageFailed([Fault(message, path=(scheme,), at_key=True)])
    name = name.removeprefix("$secret.") if isinstance(name, str) else ""
    if not secrets.SECRET_NAME.fullmatch(name):
        raise LanguageFailed([Fault("this is the name of a secret (`runtime secrets set NAME`)", path=(scheme,))])
    return {scheme: name}


class WebhookOut(DestinationFields):
    """Post the body as JSON, with an id that stays the same over all retries."""

    url: Annotated[Node, reader(_url), TEXT] = Field(
        description="The address. Values within it are percent-encoded, but for one at its beginning."
    )
    auth: Annotated[
        dict[str, str] | None, reader(_auth), WithJsonSchema({"description": "none, {bearer: NAME} or {hmac: NAME}"})
    ] = Field(
        default=None,
        description="`none`, `{bearer: NAME}`, or `{hmac: NAME}` (signed by Standard Webhooks); NAME is a secret's.",
    )
    headers: dict[str, SecretText] = Field(
        default_factory=dict, description="More headers; their values may hold `$secret.NAME`."
    )

    @model_validator(mode="after")
    def _usable_headers(self) -> Self:
        taken = _OURS | ({"authorization"} if self.auth and "bearer" in self.auth else set())
        faults = [
            Fault(
                f"{name!r} is set by the runtime" if _HEADER.fullmatch(name) else f"{name!r} is no name of a header",
                path=("headers", name),
                at_key=True,
            )
            for name in self.headers
            if not _HEADER.fullmatch(name) or name.lower() in taken
        ]
        if faults:
            raise faulty(*faults)
        return self

    def secret_names(self) -> frozenset[str]:
        """Return the names of the secrets in `auth` and in the headers."""
        return frozenset((self.auth or {}).values()).union(*map(secrets.names, self.headers.values()))


def render(step: WebhookOut, scope: Scope) -> Address:
    """Return the address with its headers. Raises StepFailed when values make it unusable."""
    url = written(step.url, scope)
    problem = url_problem(url)
    if problem:
        raise StepFailed(f"url: {problem}")
    headers = {name: secrets.render(node, scope) for name, node in step.headers.items()}
    for name, value in headers.items():
        if any(_UNFIT.search(part) for part in ([value] if isinstance(value, str) else value) if isinstance(part, str)):
            raise StepFailed(f"header {name}: a value holds a control character")
    return Address(re.split(r"[?#]", url)[0], {"url": url, "headers": headers, "auth": step.auth})
