"""What a connector makes of the language and of what it is given; the audit walks from every name in here."""

# ruff: noqa: B009, B905, BLE001, E501, FURB167, I001, PLE0643, PLW0108, PYI024, TRY301 - every way to get hold of something is wanted here, the odd ones above all.

import contextlib
import csv
import functools
import io
import itertools
import json
import re
import xml.etree.ElementTree as ET
from abc import ABC, abstractmethod
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal, getcontext
from enum import Enum, Flag, StrEnum, auto
from fractions import Fraction
from hashlib import sha256
from hmac import new as hmac_new
from ipaddress import ip_network
from string import Template
from struct import Struct
from types import MappingProxyType, SimpleNamespace
from typing import Annotated, Generic, NamedTuple, NewType, Protocol, TypedDict, TypeVar
from urllib.parse import urlsplit
from uuid import uuid5
from uuid import NAMESPACE_DNS
from zlib import compressobj, decompressobj
from zoneinfo import ZoneInfo

from levada import Checkpoint, Connector, Entity, LevadaError, Record, Relationship, cursor, link_header, unverified
from levada.contracts import CustomerPayload
from pydantic import Field, ValidationError, computed_field, field_serializer, field_validator, model_validator

from . import other

connector = Connector("specimen", title="Specimen", hosts=["api.acme.test"])
T = TypeVar("T")
KEPT = {}


class Colour(Enum):
    RED = 1

    @property
    def label(self):
        return self.name


class Word(StrEnum):
    A = auto()


class Rights(Flag):
    READ = 1
    WRITE = 2


class Shape(ABC):
    @abstractmethod
    def area(self): ...


class Square(Shape, Generic[T]):
    side = 1

    def __init__(self):
        self._secret = 1

    def area(self):
        return 1

    @property
    def width(self):
        return self.side

    @classmethod
    def made(cls):
        return cls()

    @staticmethod
    def plain():
        return 1

    @functools.cached_property
    def depth(self):
        return 2


class Reads(Protocol):
    def read(self): ...


@dataclass(frozen=True, slots=True)
class Point:
    x: int = 0
    tags: list = field(default_factory=list)


class Row(Record):
    id: int = Field(alias="ID")
    name: Annotated[str, Field(min_length=1)] = "x"

    @field_validator("name", mode="wrap")
    @classmethod
    def named(cls, value, handler, info):
        KEPT.update(validator_handler=handler, validator_info=info, validator_data=info.data)
        return handler(value)

    @model_validator(mode="wrap")
    @classmethod
    def whole(cls, data, handler, info):
        KEPT.update(model_handler=handler, model_info=info)
        return handler(data)

    @computed_field
    @property
    def twice(self) -> int:
        return self.id * 2

    @field_serializer("name", mode="wrap")
    def written(self, value, handler, info):
        KEPT.update(serializer_handler=handler, serializer_info=info)
        return handler(value)


class Pair(NamedTuple):
    a: int
    b: int


class Movie(TypedDict, total=False):
    title: str


class Trap:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        KEPT.update(exit_kind=kind, exit_error=error, exit_traceback=traceback)
        return True


def generator():
    received = yield 1
    KEPT["received"] = received


def decorated(function):
    @functools.wraps(function)
    def inner(*values, **named):
        return function(*values, **named)

    inner.calls = 0
    return inner


@decorated
def worked(first, *, second=None):
    return first


@functools.lru_cache
def cached(number):
    return number


@functools.singledispatch
def shown(value):
    return str(value)


@shown.register
def _(value: int):
    return value


@contextlib.contextmanager
def opened():
    yield 1


def caught():
    """Exceptions as they are caught."""
    attempts = [
        lambda: absent,  # noqa: F821
        lambda: KEPT.absent,
        lambda: {}["x"],
        lambda: [][1],
        lambda: 1 / 0,
        lambda: int("x"),
        lambda: b"\xff".decode(),
        lambda: "é".encode("ascii"),
        lambda: json.loads("{"),
        lambda: re.compile("("),
        lambda: ET.fromstring("<a>"),
        lambda: next(iter([])),
        lambda: Row.model_validate({"ID": "x"}),
        lambda: ZoneInfo("No/Where"),
        lambda: Decimal("x"),
        lambda: Colour("x"),
        lambda: next(csv.reader([b"x"])),
        lambda: Square.made().nothing,
        lambda: getattr(1, "real__"),
        lambda: Shape(),
    ]
    found = []
    for attempt in attempts:
        try:
            attempt()
        except Exception as error:
            found.append(error)
    try:
        try:
            raise ValueError("a")
        except ValueError as error:
            raise LevadaError("b") from error
    except LevadaError as error:
        found.append(error)
    found.append(ExceptionGroup("g", [ValueError(1)]))
    return found


with Trap():
    [][1]

running = generator()
next(running)
row = Row.model_validate({"ID": 1})
dumped = row.model_dump()
stack = contextlib.ExitStack()
kept = [
    *caught(), running, opened(), stack, getcontext(), Counter("a"), OrderedDict(), ChainMap({}), defaultdict(list), deque(),
    UserDict(), UserList(), namedtuple("N", "a b")(1, 2), Pair(1, 2), Point(), Square(), Colour.RED, Rights.READ, Word.A,
    fields(Point), row, row.model_fields_set, Row.model_fields, re.match("a", "a"), re.compile("a"), re.I, csv.reader(["a,b"]),
    csv.writer(io.StringIO()), csv.DictReader(["a"]), csv.Sniffer(), io.BytesIO(b"x"), io.BytesIO(b"x").getbuffer(),
    io.StringIO("x"), ET.fromstring("<a b='c'><d/></a>"), sha256(b""), hmac_new(b"k", b"m", "sha256"),
    hmac_new(b"k", b"m", sha256), ip_network("10.0.0.0/8"), Template("$x"), Struct("<I"), compressobj(), decompressobj(),
    MappingProxyType({}), SimpleNamespace(a=1), NewType("Id", str), urlsplit("https://a.test/b?c"), uuid5(NAMESPACE_DNS, "x"),
    ZoneInfo("Europe/Berlin"), datetime(2026, 1, 1, tzinfo=UTC), timedelta(1), Fraction(1, 2), functools.partial(worked, 1),
    functools.cmp_to_key(lambda a, b: 0), itertools.groupby([1]), itertools.tee([1]), itertools.chain([1]), json.JSONEncoder(),
    json.JSONDecoder(), memory := (lambda: KEPT), list[int], int | str, Annotated[int, 1], Square[int], type, type(Colour),
    type(KEPT), type(running), type(worked), type(json), type(other), super(Square, Square()), property(lambda self: 1),
    staticmethod(worked), classmethod(worked), map(str, [1]), zip([1], [2]), iter([1]), enumerate([1]), range(3), slice(1),
    cursor("next"), link_header, Entity("host", "a"), Relationship(("a", "b"), "RUNS", ("c", "d")), CustomerPayload, Movie, Reads,
    "text".format, "{}".format_map, str.format, print, getattr, setattr, hasattr, b"x", bytearray(b"x"), 1, 1.5, 2j, None,
    Ellipsis, NotImplemented, Checkpoint, ValidationError, other.inside, cached, shown,
]  # fmt: skip


@connector.webhook("crime", verify=unverified(reason="an audit"))
def crime(request, ingest, graph, checkpoint, http, log, settings, secrets, run, now):
    """Everything a route may ask for."""
    KEPT.update(
        request=request, ingest=ingest, graph=graph, checkpoint=checkpoint, http=http, log=log, settings=settings,
        secrets=secrets, run=run, now=now, part=checkpoint.partition(a=1), json=request.json, headers=request.headers,
        pages=http.pages("/rows"), connector=connector, manifest=connector.manifest(), got=checkpoint.get("since"),
        snapshot=graph.snapshot(),
    )  # fmt: skip
