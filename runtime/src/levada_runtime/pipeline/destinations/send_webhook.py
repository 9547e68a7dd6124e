"""Sends `webhook.out`: one POST to a public address, signed if asked for, its redirects not followed."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

import levada_runtime
from levada_runtime.access.signatures import sign_standard
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.logging import mask
from levada_runtime.outbound import Answer, BlockingClient, OutboundFailure, Refused, parse_url
from levada_runtime.outbound.retry_after import retry_after
from levada_runtime.pipeline.destinations import secrets
from levada_runtime.pipeline.destinations.parcel import Parcel
from levada_runtime.pipeline.retry import Sent, read_answer

LONGEST_EXCERPT: Final = 1024
READ_AT_MOST: Final = 4 * LONGEST_EXCERPT
"""How much of an answer is read: more than is kept, so that a secret in it is not cut before it can be masked."""


class WebhookSender:
    """Posts bodies over a client that keeps to the operator's rules."""

    def __init__(self, client: BlockingClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def secret_names(self, fields: Mapping[str, Any]) -> frozenset[str]:
        parts = (part for value in fields["headers"].values() if isinstance(value, list) for part in value)
        return frozenset((fields["auth"] or {}).values()) | {part["secret"] for part in parts if isinstance(part, dict)}

    def send(self, parcel: Parcel) -> Sent:
        try:
            target = parse_url(parcel.fields["url"])
            headers = tuple(self._headers(parcel))
            answer = self._client.send("POST", target, headers=headers, body=parcel.body.encode(), follow=False)
        except OutboundFailure as failure:
            return Sent("refused" if isinstance(failure, Refused) else "failed", reason=failure.message)
        return read_answer(answer.status, asked_s=self._asked(answer), excerpt=_excerpt(answer))

    def _headers(self, parcel: Parcel) -> Iterator[tuple[str, str]]:
        timestamp = int(self._clock.now().timestamp())
        if not any(name.lower() == "user-agent" for name in parcel.fields["headers"]):
            yield "User-Agent", f"levada/{levada_runtime.__version__}"
        yield "Content-Type", "application/json"
        yield "webhook-id", parcel.uid
        yield "webhook-timestamp", str(timestamp)
        for name, value in parcel.fields["headers"].items():
            yield name, secrets.reveal(value, parcel.secrets)
        for scheme, name in (parcel.fields["auth"] or {}).items():
            if scheme == "hmac":
                yield "webhook-signature", sign(parcel.secrets[name], parcel.uid, timestamp, parcel.body.encode())
            else:
                yield "Authorization", f"Bearer {parcel.secrets[name]}"

    def _asked(self, answer: Answer) -> float | None:
        given = next((value for name, value in answer.headers if name.lower() == "retry-after"), None)
        return retry_after(given, self._clock.now())


def sign(secret: str, uid: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature`; a secret that is not base64 is taken as the key itself."""
    try:
        return sign_standard(secret, uid, timestamp, body)
    except ValueError:
        key = base64.b64encode(secret.encode()).decode()
        return sign_standard(f"whsec_{key}", uid, timestamp, body)


def _excerpt(answer: Answer) -> str | None:
    text = mask(answer.body.decode(errors="replace").replace("\x00", "\ufffd"))
    return text[:LONGEST_EXCERPT] or None
