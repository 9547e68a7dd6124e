"""What authors write compiles and runs; what is refused is refused with file, line, column, reason and way out."""

import pytest

CLIENT = '''
"""Talking to the source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .shapes import Kind, _hidden

PAGE_SIZE = 2


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows."""

    rows: tuple[dict[str, Any], ...]
    number: int = 0
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


class Client:
    """Reads pages."""

    calls = 0

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows
        self._seen: set[str] = set()
        self.total = 0

    def pages(self) -> Iterator[Page]:
        for start in range(0, len(self._rows), PAGE_SIZE):
            chunk = self._rows[start : start + PAGE_SIZE]
            self.total += len(chunk)
            self._seen |= {row["id"] for row in chunk}
            yield Page(tuple(chunk), number=start // PAGE_SIZE)

    @property
    def seen(self) -> list[str]:
        return sorted(self._seen)

    def kind(self, row: dict[str, Any]) -> Kind:
        return _hidden(row)
'''

SHAPES = '''
"""Shapes of what the source sends."""

import re
from enum import StrEnum, auto
from typing import ClassVar, NamedTuple

from levada import Record


class Kind(StrEnum):
    PERSON = auto()
    COMPANY = auto()


class Money(NamedTuple):
    amount: str
    currency: str = "EUR"


class Base(Record):
    pattern: ClassVar[str] = "x"


class Row(Base, frozen=True):
    id: str
    name: str | None = None
    tags: list[str] = []


_COMPANY = re.compile(r"(?i)gmbh|inc")


def _hidden(row):
    match row:
        case {"name": str(name), **_rest} if _COMPANY.search(name):
            return Kind.COMPANY
        case {"name": _}:
            return Kind.PERSON
        case [] | None:
            raise ValueError("nothing")
        case _:
            return Kind.PERSON
'''


INIT = '''
"""A connector spread over modules."""

import json
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, partial, wraps
from itertools import chain, groupby
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import naughty.shapes as forms
from levada import Connector, Ingest, Checkpoint

from . import shapes
from .client import Client, Page
from .shapes import Money, Row

__version__ = "1.2.3"
__all__ = ["connector"]

connector = Connector("naughty", title="Naughty", hosts=["api.acme.test"])


class Shape(ABC):
    @abstractmethod
    def area(self) -> float: ...


class Square(Shape):
    def __init__(self, side: float) -> None:
        super().__init__()
        self.side = side

    def __repr__(self) -> str:
        return f"Square({self.side!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Square) and self.side == other.side

    __hash__ = None

    def area(self) -> float:
        return self.side**2


class Failed(Exception):
    def __init__(self, what, *, code=1):
        super().__init__(what)
        self.code = code


def traced(function):
    @wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


@lru_cache(maxsize=None)
def doubled(number: int) -> int:
    return number * 2


@contextmanager
def noted(into: list[str], what: str):
    into.append(f"enter {what}")
    try:
        yield into
    finally:
        into.append(f"leave {what}")


def counter():
    count = 0

    def step(by: int = 1, /, *, times: int = 1) -> int:
        nonlocal count
        count += by * times
        return count

    return step


@traced
def everything(rows):
    notes: list[str] = []
    with noted(notes, "work") as found, suppress(KeyError):
        found.append({}["absent"])
    client = Client(rows)
    pages = [page for page in client.pages() if (size := len(page)) and size > 0]
    first, *others = pages
    (a, b), c = (1, 2), 3
    table = {"a": {"n": 1}}
    table["a"]["n"] += 4
    table |= {"b": {"n": 2}}
    del table["b"]
    step = counter()
    step(times=2)
    try:
        raise Failed("nope", code=7) from ValueError("cause")
    except (Failed, KeyError) as error:
        code = error.code
    else:
        code = 0
    match first:
        case Page(rows=({"id": found_id}, *_), number=0):
            matched = found_id
        case _:
            matched = None
    grouped = {key: [row["id"] for row in group] for key, group in groupby(rows, key=lambda row: row["name"][:1])}
    total = sum((Decimal(row["amount"]) for row in rows), Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    when = datetime(2026, 3, 29, 12, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC) + timedelta(days=1)
    row = Row.model_validate({"id": "7", "name": "Ada"})
    return {
        "notes": notes,
        "pages": [page.number for page in chain([first], others)],
        "seen": client.seen,
        "total": str(total),
        "when": when.isoformat(),
        "row": row.model_dump(mode="json"),
        "table": table,
        "code": code,
        "matched": matched,
        "grouped": grouped,
        "kinds": [str(client.kind(r)) for r in rows],
        "money": Money("1.00")._replace(currency="USD")._asdict(),
        "format": "{0.id}:{name:>5}:{1[k]}".format(row, {"k": 1}, name="x"),
        "printf": "%s-%05.1f" % ("a", 1.25),
        "square": repr(Square(2)) + str(Square(2) == Square(2)) + str(Square(2).area()),
        "step": step(),
        "double": doubled(21),
        "partial": partial(int, base=2)("101"),
        "name": everything.__name__ + __name__ + type(row).__name__,
        "same": forms.Kind is shapes.Kind and isinstance(row, shapes.Row) and type(1) is int and isinstance(int, type),
        "query": urlencode({"a": [1, 2]}, doseq=True),
        "private": shapes._hidden({"name": "X Inc"}).value,
        "strptime": datetime.strptime("2026-02-03", "%Y-%m-%d").date().isoformat(),
        "unpacked": [a, b, c, *[4, 5], *range(2)],
        "getattr": getattr(row, "name", None) or getattr(row, "absent", "no"),
    }


@connector.poll("crime", every="*/15 * * * *")
def crime(ingest: Ingest, checkpoint: Checkpoint, log) -> None:
    """Everything."""
    rows = [
        {"id": "1", "name": "Ada", "amount": "1.005"},
        {"id": "2", "name": "Acme GmbH", "amount": "2"},
        {"id": "3", "name": "Bob", "amount": "3"},
    ]
    log.info("all", **everything(rows))
    print("printed", rows[0]["id"], sep="=")
'''

FILES = {"__init__.py": INIT, "client.py": CLIENT, "shapes.py": SHAPES}


def test_natural_modern_python_runs(wall, told):
    """Dataclasses, records, enums, match, generators, context managers, private names and several modules, as usual."""
    outcome = wall.call(FILES, handlers=told)
    assert outcome.reason is None, outcome.message
    (_level, message, fields), (_, printed, _) = told.lines
    assert (message, printed) == ("all", "printed=1")
    assert fields == {
        "notes": ["enter work", "leave work"],
        "pages": [0, 1],
        "seen": ["1", "2", "3"],
        "total": "6.01",
        "when": "2026-03-30T10:00:00+00:00",
        "row": {"id": "7", "name": "Ada", "tags": []},
        "table": {"a": {"n": 5}},
        "code": 7,
        "matched": "1",
        "grouped": {"A": ["1", "2"], "B": ["3"]},
        "kinds": ["person", "company", "person"],
        "money": {"amount": "1.00", "currency": "USD"},
        "format": "7:    x:1",
        "printf": "a-001.2",
        "square": "Square(2)True4",
        "step": 3,
        "double": 42,
        "partial": 5,
        "name": "everythingnaughtyRow",
        "same": True,
        "query": "a=1&a=2",
        "private": "company",
        "strptime": "2026-02-03",
        "unpacked": [1, 2, 3, 4, 5, 0, 1],
        "getattr": "Ada",
    }


REFUSED = [
    ("open('x')", 1, 1, '"open" does not exist in a connector', "files do not exist"),
    ("x = [\n    eval('1')]", 2, 5, '"eval" does not exist', "code is not made from text"),
    ("import requests", 1, 8, "requests cannot be imported", "take the injected `http`"),
    ("from os import path", 1, 1, "os cannot be imported", "declare a setting"),
    ("import json, pickle", 1, 14, "pickle cannot be imported", "use `json`"),
    ("from pydantic import BaseModel", 1, 22, "pydantic.BaseModel cannot be imported", "levada.Record"),
    ("from json import load", 1, 18, "json.load cannot be imported", ""),
    ("x = ().__class__", 1, 5, '"__class__" is an invalid attribute name', ""),
    ("__x = 1", 1, 1, '"__x" is an invalid name', "one leading underscore"),
    ("async def f():\n    pass", 1, 1, "AsyncFunctionDef statements are not allowed", "plain function"),
    ("class A(metaclass=type):\n    pass", 1, 1, "the class keyword metaclass", "abc.ABC"),
    ("class A:\n    def __getattr__(self, n):\n        return n", 2, 5, '"__getattr__" is an invalid name', ""),
    ("try:\n    pass\nexcept* ValueError:\n    pass", 1, 1, "TryStar statements are not allowed", "`except`"),
    ("x: '().__class__' = 1", 1, 4, "in an annotation", ""),
    ("match 1:\n    case object(_x=1):\n        pass", 2, 10, '"_x" is an invalid attribute in a pattern', ""),
    ("def f(:\n    pass", 1, 7, "this is not Python", ""),
    ("x = 1\n\tpass", 2, 1, "this is not Python", ""),
    ("from json import *", 1, 18, "json.* cannot be imported", ""),
    ("x = (n for n in [])\nx.gi_frame", 2, 1, '"gi_frame" is an invalid attribute name', ""),
]


@pytest.mark.parametrize(("source", "line", "column", "reason", "way_out"), REFUSED, ids=lambda value: str(value)[:24])
def test_a_refusal_names_the_place_the_reason_and_the_way_out(source, line, column, reason, way_out, wall):
    """An author reads where, why and what to do instead."""
    files = {"__init__.py": "from .part import crime\n", "part/__init__.py": "", "part/crime.py": source}
    outcome = wall.call(files, action="describe")
    assert outcome.reason == "policy"
    assert f"naughty/part/crime.py:{line}:{column}: " in outcome.message
    assert reason in outcome.message
    assert way_out in outcome.message


def test_every_finding_of_every_file_is_told_at_once(wall):
    """One `runtime check` shows all there is to correct."""
    files = {"__init__.py": "import os\nimport sys\nfrom . import a\n", "a.py": "eval('1')\n"}
    message = wall.call(files, action="describe").message
    assert [line.split(" ")[0] for line in message.splitlines()] == [
        "naughty/__init__.py:1:8:",
        "naughty/__init__.py:2:8:",
        "naughty/a.py:1:1:",
    ]


def test_a_name_of_ones_own_may_be_that_of_a_builtin(wall, told):
    """`input` and `dir` are fine names for variables."""
    outcome = wall.poll("input = 3\ndir = input + 1\nlog.info(str(dir))", handlers=told)
    assert (outcome.reason, told.messages) == (None, ["4"])


def test_a_typo_is_told_as_python_tells_it(wall):
    """A missing attribute raises AttributeError instead of being None."""
    outcome = wall.poll("log.inform('x')")
    assert outcome.reason == "connector_error"
    assert "AttributeError: 'RouteLog' object has no attribute 'inform'" in outcome.message


@pytest.mark.parametrize("package", ["json", "levada", "pydantic", "levada_runtime", "a.b"])
def test_a_package_cannot_take_a_name_that_is_taken(package, wall):
    """What is the connector's own is told by its package's name, so that name must be its own."""
    from datetime import UTC, datetime

    from levada_runtime.sandbox.model import Bundle, Call

    bundle = Bundle(package, "connector", {f"{package}/__init__.py": b""})
    outcome = wall.sandbox.call(Call("describe", bundle, datetime.now(UTC)))
    assert outcome.reason == "connector_error"
    assert "that name is taken" in outcome.message
