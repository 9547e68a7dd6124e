"""Bodies as they came in: their size, their type and their JSON are checked here, and refused with the place.

A route reads its body as bytes (`Body`), after it knows who is calling, and makes a value of it with `read_json` on its
own thread; what the value has to look like is the business of the border it goes to.
"""

import json
import math
from email.message import Message
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request
from pydantic_core import from_json

from levada_runtime.api.auth import services_of
from levada_runtime.api.envelopes import Refusal
from levada_runtime.api.services import Services

LARGEST = 2**64 - 1
SMALLEST = -(2**63)


async def read_body(
    request: Request, limit: int, kinds: str = "JSON", types: tuple[str, ...] = ("application/json",)
) -> bytes:
    """Return the body, which is read no further than `limit`.

    No `Content-Type` counts as the first of `types`. Raises Refusal 413 and 415.
    """
    _check_type(request, kinds, types)
    return await read_raw(request, limit)


async def read_raw(request: Request, limit: int) -> bytes:
    """Return the body as it arrived, whatever it is, read no further than `limit`.

    Raises Refusal 413.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


async def _json_body(request: Request, services: Annotated[Services, Depends(services_of)]) -> bytes:
    return await read_body(request, services.max_body)


Body = Annotated[bytes, Depends(_json_body)]
"""The bytes of a JSON body; declare it after the dependency that knows the caller."""


def read_json(raw: bytes) -> Any:
    """Return the value of a JSON body.

    Raises Refusal 400 with the place for what is not strict JSON, or what no store could keep: a key twice in one
    object, a number that is infinite or an integer beyond 64 bits, U+0000, nesting deeper than 200.
    """
    try:
        from_json(raw, allow_inf_nan=False, cache_strings="none")
    except ValueError as error:
        raise _not_json(str(error), raw) from None
    value = json.loads(raw, object_pairs_hook=_object)
    try:
        _check(value)
    except _FlawError as flaw:
        raise _unfit(flaw) from None
    return value


class _FlawError(Exception):
    """A value that cannot be kept; the path grows on the way up."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: list[str | int] = []


def _check(value: Any) -> None:
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            _check_at(key, item)
            _check(key)
    elif kind is list:
        for index, item in enumerate(value):
            _check_at(index, item)
    elif kind is str:
        if "\x00" in value:
            raise _FlawError("holds U+0000, which text in a database cannot: leave it out")
    elif kind is int:
        if not SMALLEST <= value <= LARGEST:
            raise _FlawError("is an integer beyond 64 bits: send it as a string")
    elif kind is float and math.isinf(value):
        raise _FlawError("is a number too large to be kept: send it as a string")


def _check_at(place: str | int, item: Any) -> None:
    try:
        _check(item)
    except _FlawError as flaw:
        flaw.path.insert(0, place)
        raise


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # remembers on the way
        raise Refusal(400, "invalid_json", f"the body has an object with the key {twice!r} twice: which one is meant?")
    return made


def spell_path(parts: list[str | int]) -> str:
    """Spell a place in a JSON value: `entities[3].properties.state`."""
    spelt = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return spelt.removeprefix(".")


def _unfit(flaw: _FlawError) -> Refusal:
    path = spell_path(flaw.path).replace("\x00", "\\u0000")
    message = f"{path or 'the body'} {flaw.message}"
    return Refusal(400, "invalid_value", message, details=[{"path": path, "message": flaw.message}])


def _not_json(said: str, raw: bytes) -> Refusal:
    if not raw.strip():
        return Refusal(400, "invalid_json", "the body is empty: it has to be JSON")
    if "recursion limit" in said:
        return Refusal(400, "invalid_json", f"the body is nested too deeply: at most 200 levels ({_place(said)})")
    if "hex escape" in said:
        said = f"a \\u escape that stands for no character at {_place(said)}"
    elif "unicode code point" in said:
        said = f"not UTF-8 at {_place(said)}"
    return Refusal(400, "invalid_json", f"the body is not JSON: {said}")


def _place(said: str) -> str:
    return said.rpartition(" at ")[2]


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "payload_too_large", f"the body is larger than {limit >> 20} MB ({limit} bytes)")


def _check_type(request: Request, kinds: str, types: tuple[str, ...]) -> None:
    given = request.headers.get("content-type")
    if given is not None and not _is_one_of(given, types):
        _refuse_type(f"a body of type {given!r} is not read here: send {kinds}, in UTF-8, as {' or '.join(types)}")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        _refuse_type(f"a body encoded as {encoding!r} is not read here: send it as it is")


def _is_one_of(given: str, types: tuple[str, ...]) -> bool:
    parsed = Message()
    parsed["content-type"] = given
    kind, charset = parsed.get_content_type(), parsed.get_content_charset("utf-8")
    known = kind in types or ("application/json" in types and kind.endswith("+json"))
    return known and charset in ("utf-8", "utf8") and given.partition(";")[0].strip().lower() == kind


def _refuse_type(message: str) -> NoReturn:
    raise Refusal(415, "unsupported_media_type", message)
