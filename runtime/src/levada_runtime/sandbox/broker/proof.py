"""What the requests of one run prove themselves with: credentials as they are, or a token that is fetched with them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from levada import Manifest
from levada_runtime.access.oauth_grant import Issued, TokenRequest
from levada_runtime.foundation.masking import Mask
from levada_runtime.sandbox.broker.auth import evidence
from levada_runtime.sandbox.broker.evidence import Evidence

FETCH_S: Final = 20.0
"""How long the answer to a request for a token is waited for."""
TURN_S: Final = 8.0
"""How long its turn is waited for: both together have to end before another run would take over."""
UNAUTHORIZED: Final = 401


class TokenSource(Protocol):
    """Where an access token comes from; `access.oauth.ConnectionToken` is one."""

    def get(
        self, fetch: Callable[[TokenRequest], Issued], *, refused: str | None = None, within_s: float = FETCH_S
    ) -> str:
        """Return a token that is good, and not the refused one."""

    def secrets(self) -> list[str]:
        """Return what must be masked by now."""


class Proof:
    """Gives each request its credentials, and masks every token that comes with them."""

    def __init__(
        self,
        manifest: Manifest,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        mask: Mask,
        tokens: TokenSource | None,
        now: Callable[[], datetime],
    ) -> None:
        self._manifest, self._settings, self._secrets = manifest, settings, secrets
        self._mask = mask
        self._tokens = tokens
        self._now = now
        self._token: str | None = None
        self._refused: str | None = None

    def of(
        self, headers: Iterable[tuple[str, str]], fetch: Callable[[TokenRequest], Issued], left_s: float
    ) -> Evidence:
        """Return what proves the next request, which has these headers.

        `fetch` is called when there is no good token for it.
        """
        token = self._getting(fetch, left_s)
        return evidence(self._manifest, self._settings, self._secrets, headers, token=token, now=self._now)

    def takes_another(self, status: int) -> bool:
        """Tell whether an answer asks for another token, which happens once a run: the last one will not be used."""
        if status != UNAUTHORIZED or self._token is None or self._refused is not None:
            return False
        self._refused, self._token = self._token, None
        return True

    def _getting(self, fetch: Callable[[TokenRequest], Issued], left_s: float) -> Callable[[], str] | None:
        tokens = self._tokens
        if tokens is None:
            return None

        def get() -> str:
            token = tokens.get(fetch, refused=self._refused, within_s=max(0.0, min(left_s, 1.5 * FETCH_S)))
            if token != self._token:
                self._mask.learn(tokens.secrets())
                self._token = token
            return token

        return get
