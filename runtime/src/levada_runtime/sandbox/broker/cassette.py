"""The tape of one run: what its route asked and was given, masked, as it will stand in a cassette.

What is on a tape is read by people and sent to colleagues: it has the route's own headers and none of the broker's, no
credential parameter, no cookie, and no spelling of a secret.
"""

from typing import Final

from levada import LevadaError
from levada._cassette import RecordedBody, RecordedError, RecordedExchange, RecordedRequest, RecordedResponse
from levada_runtime.foundation.masking import Mask
from levada_runtime.foundation.text import legible
from levada_runtime.outbound.headers import without
from levada_runtime.sandbox.broker.model import Asked, Errand
from levada_runtime.sandbox.protocol import HttpAnswer

BODY_BYTES: Final = 1 << 20
TAPE_BYTES: Final = 32 << 20
CUT: Final = b'{"cut":true}'
"""What stands at the end of a tape that was full."""
_NEVER_KEPT: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_URL_CHARACTERS: Final = 8_192


class Tape:
    """Collects exchanges; `take` hands over what is new. When it is full it says so once, and keeps no more."""

    def __init__(self, mask: Mask, credential_names: frozenset[str], most_bytes: int = TAPE_BYTES) -> None:
        self._mask = mask
        self._left_out = _NEVER_KEPT | credential_names
        self._room = most_bytes
        self._full = False
        self._fresh: list[bytes] = []

    def answered(self, errand: Errand, answer: HttpAnswer) -> None:
        """Keep a request with its answer."""
        response = RecordedResponse(
            status=answer.status,
            headers=self._headers(without(answer.headers, {"set-cookie"})),
            url=self._mask(answer.url),
            body=self._body(answer.content),
        )
        self._keep(RecordedExchange(request=self._request(errand, errand), response=response))

    def failed(self, asked: Asked, errand: Errand | None, error: LevadaError) -> None:
        """Keep a request with the error it ended in; one that was not understood as it was written."""
        recorded = RecordedError(
            code=error.code,
            message=legible(self._mask(error.message)),
            wait=error.wait,
            details=self._mask.value(error.details) or None,
        )
        self._keep(RecordedExchange(request=self._request(asked, errand), error=recorded))

    def take(self) -> list[bytes]:
        """Return what has been kept since the last time, each exchange as JSON."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _request(self, asked: Asked | Errand, errand: Errand | None) -> RecordedRequest:
        url = str(errand.target) if errand is not None else getattr(asked, "url", "")[:_URL_CHARACTERS]
        return RecordedRequest(
            method=legible(self._mask(asked.method.upper()))[:40],
            url=legible(self._mask(url)),
            headers=self._headers(without(asked.headers, self._left_out)),
            body=None if asked.body is None else self._body(asked.body),
        )

    def _headers(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((legible(self._mask(name)), legible(self._mask(value))) for name, value in headers)

    def _body(self, content: bytes) -> RecordedBody:
        if len(content) > BODY_BYTES:
            return RecordedBody(cut=len(content))
        return RecordedBody.of(self._mask.bytes(content))

    def _keep(self, exchange: RecordedExchange) -> None:
        if self._full:
            return
        written = exchange.model_dump_json(exclude_none=True).encode()
        self._room -= len(written)
        self._full = self._room < 0
        self._fresh.append(CUT if self._full else written)
