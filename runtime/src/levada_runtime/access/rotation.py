"""Sealing anew: whatever was sealed with an older key is sealed with the present one, some values at a time.

A value is changed only if it is still what was read, in a small transaction. So nobody has to stand still
meanwhile, and whoever is killed half-way leaves nothing but values of either key, which open as long as both are there.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from levada_runtime.access.audit import note
from levada_runtime.access.oauth import FETCH_S, place_of
from levada_runtime.access.places import connection_place, org_place
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.store.model import OrgRow
from levada_runtime.store.org_secrets import OrgSecretRow
from levada_runtime.store.tokens_model import TokenRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

_PATIENCE = timedelta(seconds=FETCH_S + 5)
"""How long a token may be on its way, before it is somebody's failure."""
_PAUSE_S = 0.2
_AT_ONCE = 50

Replace = Callable[[UnitOfWork, bytes], bool]


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of it: how many values were sealed anew, and how many keys the key file holds now, if there is one."""

    sealed_anew: int
    values: int
    keys: int | None


@dataclass(frozen=True, slots=True)
class _Sealed:
    place: str
    value: bytes
    replace: Replace


class Rotation:
    """Rotates the key of an installation's secrets."""

    def __init__(self, store: Store, clock: Clock, keyring: Keyring) -> None:
        self._store = store
        self._clock = clock
        self._keyring = keyring

    def rotate(self, org: OrgRow) -> Rotated:
        """Seal everything with the first of the keys that were given, or with a new one in the key file.

        It is noted in the audit log of the organisation that it was asked for in. Raises EnvironmentFailure when there
        is something that no key opens, everything else being sealed anew by then, and when somebody else rotates.
        """
        file = self._keyring.file
        if file is None:
            done, keys = self.seal_anew(), None
        else:
            with file.alone():
                file.begin_rotation()
                done = self.seal_anew()
                keys = file.end_rotation(one.value for one in self._everything())
        values = sum(1 for _ in self._everything())
        with self._store.write() as uow:
            note(uow, org.id, self._clock.now(), "secret.rotate", "every secret", values=values, sealed_anew=done)
        return Rotated(done, values, keys)

    def seal_anew(self) -> int:
        """Seal with the present key whatever is not, until nothing is left, and return how much that was.

        Raises EnvironmentFailure for what no key opens.
        """
        done, deadline = 0, time.monotonic() + _PATIENCE.total_seconds()
        while older := [one for one in self._everything() if not self._keyring.is_current(one.value)]:
            count, failures = self._go_over(older)
            done += count
            if failures and not count:
                raise failures[0]
            if not count:
                self._wait(deadline, len(older))
        return done

    def _go_over(self, older: list[_Sealed]) -> tuple[int, list[EnvironmentFailure]]:
        """Seal each anew, and return how many were, and what no key opens; one that has just changed is none."""
        count, failures = 0, []
        for start in range(0, len(older), _AT_ONCE):
            with self._store.write() as uow:
                for one in older[start : start + _AT_ONCE]:
                    try:
                        opened = self._keyring.open(one.value, one.place)
                    except EnvironmentFailure as failure:
                        failures.append(failure)
                    else:
                        count += one.replace(uow, self._keyring.seal(opened, one.place))
        return count, failures

    @staticmethod
    def _wait(deadline: float, left: int) -> None:
        """Give whoever fetches a token time to keep it."""
        if time.monotonic() > deadline:
            message = f"{left} tokens are on their way still, and sealed with the older key"
            raise EnvironmentFailure(message, code="tokens_busy", hint="`runtime secrets rotate` goes on later")
        time.sleep(_PAUSE_S)

    def _everything(self) -> Iterator[_Sealed]:
        with self._store.read() as uow:
            secrets, of_orgs = uow.secrets.everywhere(), uow.org_secrets.everywhere()
            tokens = [row for row in uow.tokens.everywhere() if row.sealed]
        for org_id, connection_id, name, value in secrets:
            key = org_id, connection_id, name
            yield _Sealed(connection_place(*key), value, partial(_replace_secret, key, value))
        for one in of_orgs:
            yield _Sealed(org_place(one.org_id, one.name), one.sealed, partial(_replace_org_secret, one))
        for token in tokens:
            yield _Sealed(place_of(token), token.sealed, partial(_replace_token, token, self._clock.now()))


def _replace_secret(key: tuple[int, int, str], before: bytes, uow: UnitOfWork, after: bytes) -> bool:
    return uow.secrets.seal_anew(key, before, after)


def _replace_org_secret(row: OrgSecretRow, uow: UnitOfWork, after: bytes) -> bool:
    return uow.org_secrets.seal_anew(row, after)


def _replace_token(row: TokenRow, now: datetime, uow: UnitOfWork, after: bytes) -> bool:
    return uow.tokens.seal_anew(row, after, now)
