"""What Acme pushes: events, signed over the bytes of their bodies."""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from typing import Any

DEFAULT_SIGNING_SECRET = "acme-sample-signing-secret"  # noqa: S105 -- a sample's, known to everybody
SIGNATURE = "X-Acme-Signature"
_ANSWER_WITHIN_S = 30


def payment_event(payment: dict[str, Any]) -> dict[str, Any]:
    """Return the event that tells of a payment."""
    return {
        "id": f"evt_{payment['id']}_{payment['state']}",
        "type": f"payment.{payment['state']}",
        "at": payment["settled_at"],
        "payment": payment,
    }


def sign(body: bytes, secret: str) -> str:
    """Return the signature of a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def push(url: str, event: dict[str, Any], secret: str) -> int:
    """Post a signed event and return the status it was answered with."""
    body = json.dumps(event).encode()
    headers = {"Content-Type": "application/json", SIGNATURE: sign(body, secret)}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 -- the address is the caller's own
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:  # noqa: S310 -- the same
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
