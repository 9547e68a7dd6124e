"""Models of what the source sends."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum, auto, unique
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

from pydantic import AliasChoices, AliasPath, ConfigDict, Field, computed_field, field_validator, model_validator

from levada import Record


@unique
class Kind(StrEnum):
    """What an account is."""

    PERSON = auto()
    COMPANY = auto()
    OTHER = auto()

    @classmethod
    def _missing_(cls, value: object) -> Kind:
        return cls.OTHER

    @property
    def is_legal(self) -> bool:
        return self is Kind.COMPANY


class Severity(IntEnum):
    """How bad it is."""

    INFO = 10
    WARNING = 20
    ERROR = 30

    @property
    def label(self) -> str:
        return self.name.capitalize()


class Rights(Flag):
    """What one may do."""

    READ = auto()
    WRITE = auto()
    ALL = READ | WRITE


class Planet(Enum):
    """An enumeration whose members have more than one value."""

    EARTH = ("Earth", 5.97)
    MARS = ("Mars", 0.64)

    def __init__(self, title: str, mass: float) -> None:
        self.title = title
        self.mass = mass


class Event(NamedTuple):
    """A line of the log."""

    severity: Severity
    what: str
    detail: str = ""

    @classmethod
    def parse(cls, line: str) -> Event:
        match line.split("|"):
            case [word, what]:
                return cls(Severity[word.upper()], what)
            case [word, what, *rest] if rest:
                return cls(Severity[word.upper()], what, " ".join(rest))
            case _:
                raise ValueError(f"not an event: {line!r}")


class Movement(TypedDict):
    """A movement of money."""

    amount: str
    on: str
    text: NotRequired[str]


class Address(Record):
    """Where somebody lives."""

    street: str = ""
    city: Annotated[str, Field(min_length=1, max_length=80)] = "Berlin"


class Account(Record, extra="ignore", frozen=True):
    """An account with aliases, validators, computed fields and a nested record."""

    model_config = ConfigDict(populate_by_name=True, str_strip_whitespace=True)

    id: int = Field(alias="accountId", gt=0)
    name: str = Field(validation_alias=AliasChoices("displayName", AliasPath("names", 0)))
    kind: Kind = Field(default=Kind.OTHER, alias="type")
    balance: Decimal = Decimal(0)
    tags: list[str] = Field(default_factory=list)
    address: Address = Field(default_factory=Address)
    status: Literal["open", "closed"] = "open"
    since: date | None = None
    children: list[Account] = []

    @field_validator("tags", mode="before")
    @classmethod
    def _without_empty(cls, value: Any) -> Any:
        return [tag.lower() for tag in value if tag] if isinstance(value, list) else value

    @field_validator("balance")
    @classmethod
    def _finite(cls, value: Decimal) -> Decimal:
        if not value.is_finite():
            raise ValueError("the balance must be finite")
        return value.quantize(Decimal("0.01"))

    @model_validator(mode="after")
    def _open_when_owing(self) -> Account:
        if self.status == "closed" and self.balance:
            raise ValueError("a closed account has no balance")
        return self

    @computed_field
    @property
    def initials(self) -> str:
        return "".join(re.findall(r"\b\w", self.name))


def moment(value: str | datetime) -> datetime:
    """Return a moment."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
