"""The exchange log of one run: every try of every request once, refused ones with their reason, no query, no secret."""

import re
from typing import Final

from levada_runtime.foundation.masking import Mask
from levada_runtime.foundation.text import legible
from levada_runtime.outbound.client import METHODS
from levada_runtime.sandbox.broker.model import Asked, Errand, Exchange

MOST_REFUSED: Final = 1_000
_SHOWN: Final = 500
_READ: Final = 8_192
_USER = re.compile(r"//[^/?#]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class ExchangeLog:
    """Keeps what became of requests. What is sent is bounded by the run's limit, what is refused is bounded here."""

    def __init__(self, mask: Mask, requests: int) -> None:
        self.kept: list[Exchange] = []
        self._mask = mask
        self._most = requests + MOST_REFUSED

    def tried(
        self, errand: Errand, status: int | None, reason: str | None, moved: int, took_s: float, attempt: int = 1
    ) -> None:
        """Keep one try; `reason` says why there is no answer."""
        self._keep(
            Exchange(
                method=errand.method,
                url=self._mask(errand.target.without_query),
                status=status,
                bytes=moved,
                ms=round(took_s * 1000, 1),
                attempt=attempt,
                refused=None if reason is None else self._mask(reason),
            )
        )

    def refused(self, asked: Asked, reason: str) -> None:
        """Keep a request that was refused before anything was sent, whatever it looks like."""
        method = asked.method.upper() if asked.method.upper() in METHODS else "?"
        self._keep(Exchange(method, self._shown(asked.url), None, 0, 0.0, 1, refused=self._mask(reason)))

    def intercepted(self, errand: Errand, status: int) -> None:
        """Keep a request that an observed run did not send."""
        url = self._mask(errand.target.without_query)
        self._keep(Exchange(errand.method, url, status, 0, 0.0, 1, intercepted=True))

    def _keep(self, exchange: Exchange) -> None:
        if len(self.kept) < self._most:
            self.kept.append(exchange)
        elif len(self.kept) == self._most:
            told = f"more than {MOST_REFUSED} requests were refused; the rest are not kept one by one"
            self.kept.append(Exchange(exchange.method, "", None, 0, 0.0, 1, refused=told))

    def _shown(self, url: str) -> str:
        """Return what can be shown of a URL that perhaps is none: no user, no query, nothing that is no text."""
        place = re.split(r"[?#]", _USER.sub("//***@", url[:_READ]), maxsplit=1)[0]
        return legible(_CONTROL.sub("\ufffd", self._mask(place)))[:_SHOWN]
