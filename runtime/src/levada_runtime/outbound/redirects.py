"""Where a redirect leads and with what; values in, values out."""

from dataclasses import dataclass, replace
from typing import Final

from levada_runtime.outbound.errors import Refused
from levada_runtime.outbound.headers import Headers, after_leaving_the_origin, after_losing_the_body
from levada_runtime.outbound.url import Target

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER: Final = 303
_TURNS_POST_INTO_GET: Final = frozenset({301, 302})


@dataclass(frozen=True, slots=True)
class Step:
    """One request on the way to an answer; `after` is the target that redirected to it."""

    method: str
    target: Target
    headers: Headers
    body: bytes | None
    after: Target | None = None

    def explained(self, refusal: Refused) -> Refused:
        """Return the refusal of this step, with the redirect that led to it."""
        if self.after is None:
            return refusal
        led = f"{self.after.place} redirects to {self.target.without_query}: {refusal.message}"
        return Refused(led, code=refusal.code)


def next_step(step: Step, status: int, location: str | None) -> Step | None:
    """Return the step that an answer asks for, or None when it is the last one.

    Raises Refused for a redirect from https to http, and for a `Location` that cannot be called.
    """
    if status not in _REDIRECTS or not location:
        return None
    target = _led(step, location)
    if step.target.scheme == "https" and target.scheme != "https":
        raise Refused(
            f"{step.target.place} redirects from https to http, which is not followed", code="redirect_to_http"
        )
    following = replace(step, target=target, after=step.target)
    if target.origin != step.target.origin:
        following = replace(following, headers=after_leaving_the_origin(step.headers))
    if _becomes_get(step.method, status):
        following = replace(following, method="GET", body=None, headers=after_losing_the_body(following.headers))
    return following


def _led(step: Step, location: str) -> Target:
    try:
        return step.target.join(location)
    except Refused as refusal:
        message = f"{step.target.place} redirects to what cannot be called: {refusal.message}"
        raise Refused(message, code=refusal.code) from None


def _becomes_get(method: str, status: int) -> bool:
    if status == _SEE_OTHER:
        return method not in {"GET", "HEAD"}
    return status in _TURNS_POST_INTO_GET and method == "POST"
