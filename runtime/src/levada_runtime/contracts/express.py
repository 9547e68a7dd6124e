"""The short way with a payload: read, checked, stored and hashed by msgspec, at a fifth of what a model costs.

It takes a payload only where nothing about it is in doubt, and gives exactly what the contract's model would give: the
same text, the same hash. Whatever it does not know for certain, in a contract or in a payload, it leaves to pydantic,
which also says what is wrong. A property test holds the two against each other.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import UNSET

from levada._hashing import decimal
from levada.contracts import Contract
from levada_runtime.contracts.express_shape import MOMENT_SPELLED, MONEY_SPELLED, Shape, shape_of
from levada_runtime.foundation.hashing import digest

_stored = msgspec.json.Encoder().encode
_in_order = msgspec.json.Encoder(order="sorted").encode
_OWN = Contract.__module__.rpartition(".")[0] + "."


class Spelt(msgspec.Struct, frozen=True, gc=False):
    """A valid payload as it is kept."""

    identity: str
    moment: datetime | None
    """What the contract's source time field says."""
    stored: str
    digest: bytes


class _InDoubt(Exception):  # noqa: N818 - no error: the long way is taken
    """The payload may be valid or not; the model knows."""


class Express:
    """The short way with the payloads of one contract."""

    def __init__(self, contract: type[Contract], shape: Shape) -> None:
        self._contract = contract
        self._shape = shape
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(shape.struct).decode
        self._completes = contract.complete is not Contract.complete

    def read(self, payload: bytes, system: str, uid: str, known_as: Collection[str]) -> Spelt | None:
        """Return the payload as it is kept, filled in with where it comes from; None when that is in doubt.

        `known_as` are the names by which it may call the connection with the id `uid`.
        """
        try:
            part = self._decode(payload)
            if part.connection_id is not None and part.connection_id not in known_as:
                return None
            moments = _check(part, self._shape)
            self._fill(part, system, uid, moments)
            identity, stored = getattr(part, self._contract.identity_field), _stored(part).decode()
            _normalise(part, self._shape)
            hashed = digest(_in_order(part))
        except (msgspec.MsgspecError, ValueError, RecursionError, _InDoubt):
            return None
        time_field = self._contract.source_time_field
        return Spelt(identity, moments.get(time_field) if time_field else None, stored, hashed)

    def _fill(self, part: Any, system: str, uid: str, moments: dict[str, datetime]) -> None:
        part.connection_id = uid
        if part.source_system is None:
            part.source_system = system
        if self._completes:
            self._complete(part, moments)
        elif part.source_id is None:
            part.source_id = getattr(part, self._contract.identity_field)

    def _complete(self, part: Any, moments: dict[str, datetime]) -> None:
        """Have the contract fill in what follows from other fields, in a model that holds the values unvalidated."""
        model = object.__new__(self._contract)
        values = {name: getattr(part, name) for name in self._shape.names} | moments
        for name, value in (("__dict__", values), ("__pydantic_fields_set__", set())):
            object.__setattr__(model, name, value)
        model.complete()
        for name in model.__pydantic_fields_set__:
            setattr(part, name, values[name])


@cache
def express_of(contract: type[Contract]) -> Express | None:
    """Return the short way with a contract; None when the contract has anything in it that only its model knows."""
    if contract.complete is not Contract.complete and not contract.__module__.startswith(_OWN):
        return None  # Code of others gets a model that was validated.
    shape = shape_of(contract)
    return Express(contract, shape) if shape is not None else None


def _check(part: Any, shape: Shape) -> dict[str, datetime]:
    """Return the moments of a part by their names, its list and objects filled in; raise what says it is in doubt."""
    for name, empty in shape.collections:
        if getattr(part, name) is UNSET:
            setattr(part, name, empty())
    for name in shape.free:
        if getattr(part, name):
            raise _InDoubt
    for name in shape.money:
        value = getattr(part, name)
        if value is not None and not MONEY_SPELLED(value):
            raise _InDoubt
    for name, inner in shape.parts:
        for each in _each(getattr(part, name)):
            _check(each, inner)
    return {name: _moment(value) for name in shape.moments if (value := getattr(part, name)) is not None}


def _moment(text: str) -> datetime:
    if not MOMENT_SPELLED(text):
        raise _InDoubt
    return datetime.fromisoformat(text)


def _normalise(part: Any, shape: Shape) -> None:
    """Bring a checked part into the form that is hashed."""
    for name in shape.money:
        value = getattr(part, name)
        if value is not None:
            setattr(part, name, decimal(value))
    for name, inner in shape.parts:
        for each in _each(getattr(part, name)):
            _normalise(each, inner)
    for name in shape.excluded:
        setattr(part, name, UNSET)


def _each(value: Any) -> Collection[Any]:
    if value is None:
        return ()
    return value if type(value) is list else (value,)
