"""What is made of a webhook that arrived: what is kept, which delivery it is, what is answered. Values in, values out.

A delivery is known by the id that its scheme gives it, else by the one that the route declares, else by its body within
a day; a route may say that no two deliveries are the same.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from levada import StreamManifest
from levada._verify import GithubSignature, HmacSha256, StandardWebhooks, StripeSignature
from levada_runtime.store.receipts_model import EarlierReceipt

BODY_WINDOW = timedelta(hours=24)
_DROPPED = frozenset({"authorization", "cookie", "proxy-authorization", "proxy-connection"})
_PROOFS = ("signature", "token", "secret", "password", "apikey", "api-key", "api_key")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_LONGEST_ID = 255
_CHALLENGE = re.compile(r"[A-Za-z0-9_.~-]{1,256}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which delivery this is: the id its source gave it, and the key under which a second one is found."""

    delivery_id: str | None
    key: str
    window: timedelta | None = None
    """For how long the key says that two are the same; None for as long as the receipt is kept."""


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers without the credentials; the route is given these, and these are stored."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return {name: value for name, value in lowered.items() if name not in _DROPPED and not name.startswith("proxy-")}


def hidden_headers(stream: StreamManifest, headers: Mapping[str, str]) -> list[str]:
    """Return the names of kept headers that are never shown: the proof itself, and whatever looks like one."""
    scheme = stream.verify
    own = scheme.header.lower() if isinstance(scheme, HmacSha256) else None
    return sorted(name for name in headers if name == own or any(word in name for word in _PROOFS))


def identify(stream: StreamManifest, headers: Mapping[str, str], body: bytes, receipt_id: str) -> Identity:
    """Return which delivery this is; `headers` are by their names in lower case."""
    place = _place_of_id(stream)
    delivery_id = None
    if place is not None:
        delivery_id = _fit(read_path(body, place) if place.startswith("$") else headers.get(place.lower()))
    if not stream.dedupe:
        return Identity(delivery_id, f"receipt:{receipt_id}")
    if delivery_id is not None:
        return Identity(delivery_id, f"id:{delivery_id}")
    return Identity(None, f"body:{hashlib.sha256(body).hexdigest()}", BODY_WINDOW)


def is_the_same(identity: Identity, known: EarlierReceipt | None, now: datetime) -> bool:
    """Tell whether a receipt under the same key is of the same delivery."""
    if known is None:
        return False
    return identity.window is None or now - known.received_at < identity.window


def challenge_in(stream: StreamManifest, body: bytes) -> str | None:
    """Return what a `url_verification` asks to hear back; None when this is no such handshake."""
    if not isinstance(stream.verify, HmacSha256) or stream.verify.handshake != "url_verification":
        return None
    asked = _json(body)
    if not isinstance(asked, dict) or asked.get("type") != "url_verification":
        return None
    challenge = asked.get("challenge")
    return challenge if isinstance(challenge, str) else None


def hub_challenge(params: Mapping[str, str]) -> str | None:
    """Return what a `hub.challenge` asks to hear back; None when it is none that is fit to be repeated."""
    challenge = params.get("hub.challenge", "")
    asked = params.get("hub.mode") == "subscribe" and _CHALLENGE.fullmatch(challenge)
    return challenge if asked else None


def read_path(body: bytes, path: str) -> Any:
    """Return what stands in a JSON body at a place such as `$.event.id`; None when there is nothing."""
    value = _json(body)
    for name, index in _STEP.findall(path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def _place_of_id(stream: StreamManifest) -> str | None:
    match stream.verify:
        case StandardWebhooks():
            return "webhook-id"
        case StripeSignature():
            return "$.id"
        case GithubSignature():
            return "x-github-delivery"
        case _:
            return stream.delivery_id


def _fit(value: Any) -> str | None:
    """Return an id that can be kept and shown; anything else is as good as none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if 0 < len(text) <= _LONGEST_ID and text.isprintable() else None


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
