"""Mapping code in the Python of today, as an author would write it for a bank's file: it is only measured."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from levada import Record

KEY = re.compile(r"CUS-(?P<number>\d+)")


class State(Enum):
    """What became of a payment."""

    PAID = "paid"
    SENT = "sent"

    @property
    def settled(self) -> bool:
        """Whether the money is there."""
        return self is State.PAID


class Payment(Record):
    """A payment as it is handed over."""

    source_id: str
    amount: str
    currency: str
    status: str
    customer: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file, cut into its fields."""

    day: str
    key: str
    name: str
    currency: str
    amount: str
    state: State

    @classmethod
    def read(cls, text: str) -> "Line":
        """Cut a line."""
        match [part.strip() for part in text.split(";")]:
            case [day, key, name, currency, amount, state] if KEY.fullmatch(key):
                return cls(day, key, name, currency, amount, State(state))
            case [_, key, *_]:
                raise ValueError(f"no customer has the key {key!r}")
            case _:
                raise ValueError("the line is cut off")

    @property
    def number(self) -> int:
        found = KEY.fullmatch(self.key)
        return self._whole(found["number"]) if found else 0

    @staticmethod
    def _whole(digits: str) -> int:
        return int(digits)

    def total(self) -> Decimal:
        """Return the amount."""
        return Decimal(self.amount.replace(".", "").replace(",", "."))


class Totals:
    """What the file comes to, and what was met in it."""

    def __init__(self) -> None:
        self._lines = 0
        self.by_day: dict[str, Decimal] = {}
        self.seen: set[str] = set()

    def add(self, line: Line) -> None:
        """Count a line."""
        self._lines += 1
        self.by_day[line.day] = self.by_day.get(line.day, Decimal(0)) + line.total()
        self.seen.add(line.key)

    def told(self) -> str:
        """Return the number of lines, and of those who pay."""
        return "{} lines, {} payers".format(self._lines, len(self.seen))  # noqa: UP032 - it is measured, too


TOTALS = Totals()


def as_payment(text: str) -> dict[str, object]:
    """Return a payment."""
    with _told(text):
        line = Line.read(text)
        tags = {name: value for name, value in _tags(line) if value}
        tags["told"] = TOTALS.told()
        tags["place"] = getattr(line, "place", "nowhere")
        TOTALS.add(line)
        payment = Payment(
            source_id=f"{line.day}/{line.number:06}",
            amount=f"{line.total():.2f}",
            currency=line.currency,
            status="settled" if line.state.settled else "pending",
            customer=line.name.title(),
            metadata=tags,
        )
    return payment.model_dump()


def _tags(line: Line) -> Iterator[tuple[str, str]]:
    yield "day", line.day
    yield "state", line.state.value
    size = len(line.name)
    size += len(line.key)
    yield "size", str(size)


@contextmanager
def _told(text: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
