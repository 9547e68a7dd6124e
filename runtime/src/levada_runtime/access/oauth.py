"""OAuth2 tokens of connections: fetched once however many processes want one, sealed, and kept before they are used.

A source that rotates refresh tokens takes each of them once. So only one process at a time asks for a token of a
connection, whoever else wants one waits for that answer, and a token that was given out is committed, with the refresh
token that came along, before anybody sends it anywhere. Observed runs keep theirs, too: there is no way back.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from levada import AuthFailed, SourceUnavailable
from levada._auth import names_in
from levada_runtime.access.oauth_grant import Issued, OAuth2, TokenRequest, token_request
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.logging import hide_for_now
from levada_runtime.store.model import ConnectionRow
from levada_runtime.store.tokens_model import TokenRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.owners import is_dead, this_process

FETCH_S: Final = 30.0
"""How long one process may be at fetching a token before another takes over."""
_MARGIN: Final = timedelta(seconds=60)
_LOOK_AGAIN_S: Final = 0.05

Fetch = Callable[[TokenRequest], Issued]
"""Sends a request for a token and returns what was given out, or raises."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is sealed in a row: the tokens, and which settings and secrets they were fetched with."""

    made_from: str
    access_token: str
    refresh_token: str | None


class Tokens:
    """The tokens of this installation's connections."""

    def __init__(self, store: Store, clock: Clock, keyring: Keyring) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring

    def of(self, connection: ConnectionRow, scheme: OAuth2, values: Mapping[str, Any]) -> "ConnectionToken":
        """Return the token of a connection; `values` are its settings and secrets."""
        return ConnectionToken(self._store, self._clock, self._keyring, connection, scheme, values)


class ConnectionToken:
    """The token of one connection, as one run asks for it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        keyring: Keyring,
        connection: ConnectionRow,
        scheme: OAuth2,
        values: Mapping[str, Any],
    ) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring
        self._key = (connection.org_id, connection.id, _credential(scheme))
        self._scheme = scheme
        self._values = values
        self._made_from = _configured(scheme, values)
        self._name = f"{uuid.uuid4().hex[:8]}@{this_process()}"
        self._last: tuple[TokenRow, _Kept] | None = None

    def get(self, fetch: Fetch, *, refused: str | None = None, within_s: float = FETCH_S) -> str:
        """Return a token that is good by now, by way of `fetch` if there is none; never the one that was `refused`.

        Whoever fetches one already is waited for, `within_s` seconds at most. Raises what `fetch` raises, and
        SourceUnavailable after waiting in vain.
        """
        if self._last is not None and self._is_good(*self._last, refused):
            return self._last[1].access_token
        give_up_at = time.monotonic() + within_s
        while True:
            token, claim = self._token_or_claim(refused)
            if token is not None:
                return token
            if claim is not None:
                return self._fetched(claim, fetch, refused)
            if time.monotonic() >= give_up_at:
                raise SourceUnavailable("another run is fetching the connection's token, and has not got it in time")
            time.sleep(_LOOK_AGAIN_S)

    def _token_or_claim(self, refused: str | None) -> tuple[str | None, TokenRow | None]:
        """Return a good token, or the claim to fetch one; neither when somebody else has that claim."""
        with self._store.read() as uow:
            token = self._good(uow, refused)
        if token is not None:
            return token, None
        with self._store.write() as uow:
            uow.lock("oauth tokens", self._key[0], self._key[1])
            token = self._good(uow, refused)
            return token, None if token is not None else self._claim(uow)

    def _good(self, uow: UnitOfWork, refused: str | None) -> str | None:
        row = uow.tokens.get(*self._key)
        kept = None if row is None else self._opened(row)
        if row is None or kept is None or not self._is_good(row, kept, refused):
            return None
        self._last = row, kept
        return kept.access_token

    def _is_good(self, row: TokenRow, kept: _Kept, refused: str | None) -> bool:
        if kept.access_token == refused:
            return False
        if row.expires_at is None:
            return True
        margin = min(_MARGIN, (row.expires_at - row.updated_at) / 10)
        return self._clock.now() < row.expires_at - margin

    def _claim(self, uow: UnitOfWork) -> TokenRow | None:
        now = self._clock.now()
        row = uow.tokens.get(*self._key) or TokenRow(*self._key, b"", None, 0, None, None, now)
        if row.refreshing_by is not None and not _is_over(row, now):
            return None
        until = now + timedelta(seconds=FETCH_S)
        claim = replace(row, fence=row.fence + 1, refreshing_by=self._name, refreshing_until=until)
        uow.tokens.keep(claim)
        return claim

    def _fetched(self, claim: TokenRow, fetch: Fetch, refused: str | None) -> str:
        before = self._opened(claim)
        try:
            issued = fetch(token_request(self._scheme, self._values, before.refresh_token if before else None))
        except BaseException as error:
            with self._store.write() as uow:
                uow.tokens.change(claim, refreshing_by=None, refreshing_until=None)
                # A refresh token that was refused may have been used by whoever took this long that it was given up.
                token = self._good(uow, refused) if isinstance(error, AuthFailed) else None
            if token is not None:
                return token
            raise
        kept = _Kept(
            self._made_from, issued.access_token, issued.refresh_token or (before.refresh_token if before else None)
        )
        hide_for_now(_values_of(kept))
        self._last = self._keep(claim, kept, issued.expires_in_s), kept
        return kept.access_token

    def _keep(self, claim: TokenRow, kept: _Kept, expires_in_s: float | None) -> TokenRow:
        """Commit a token; from now on it may be sent.

        Somebody may have taken over meanwhile: until it has one of its own this is the newest, then that stays.
        """
        now = self._clock.now()
        sealed = orjson.dumps([kept.made_from, kept.access_token, kept.refresh_token]).decode()
        values: dict[str, Any] = {
            "sealed": self._keyring.seal(sealed, place_of(claim)),
            "expires_at": None if expires_in_s is None else now + timedelta(seconds=expires_in_s),
            "refreshing_by": None,
            "refreshing_until": None,
            "updated_at": now,
        }
        with self._store.write() as uow:
            uow.lock("oauth tokens", self._key[0], self._key[1])
            if not uow.tokens.change(claim, **values):
                now_there = uow.tokens.get(*self._key)
                if now_there is not None and now_there.sealed == claim.sealed:
                    uow.tokens.change(
                        now_there, **{name: values[name] for name in ("sealed", "expires_at", "updated_at")}
                    )
        return replace(claim, **values)

    def _opened(self, row: TokenRow) -> _Kept | None:
        """Open a row; None when there is no token in it, or one of other settings or secrets than there are now."""
        if not row.sealed:
            return None
        kept = _Kept(*orjson.loads(self._keyring.open(row.sealed, place_of(row))))
        hide_for_now(_values_of(kept))
        return kept if kept.made_from == self._made_from else None

    def secrets(self) -> list[str]:
        """Return what must be masked: the tokens that this run was given."""
        return _values_of(self._last[1]) if self._last is not None else []


def place_of(row: TokenRow) -> str:
    """Return what a row's seal is bound to."""
    return f"{row.org_id}/{row.connection_id}/oauth/{row.credential.hex()}"


def _is_over(row: TokenRow, now: datetime) -> bool:
    """Tell whether nobody is fetching any more: the time is up, or who did it is dead."""
    by = (row.refreshing_by or "").partition("@")[2]
    until = row.refreshing_until
    return until is None or now >= until or now < until - timedelta(seconds=2 * FETCH_S) or is_dead(by)


def _credential(scheme: OAuth2) -> bytes:
    """Return which token of a connection this is: by what the manifest says, and by no secret."""
    asked = orjson.dumps([scheme.kind, scheme.token_url, names_in(scheme), scheme.scopes])
    return hashlib.sha256(asked).digest()


def _configured(scheme: OAuth2, values: Mapping[str, Any]) -> str:
    """Return a hash of the values that a token is fetched with; it is kept under seal alone."""
    given = orjson.dumps([str(values.get(name, "")) for name in names_in(scheme)])
    return hashlib.sha256(given).hexdigest()


def _values_of(kept: _Kept) -> list[str]:
    return [value for value in (kept.access_token, kept.refresh_token) if value]
