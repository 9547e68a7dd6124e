"""Reading pages of rows, as a client of an API does."""

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

Row = dict[str, Any]
T = TypeVar("T")


class Source(Protocol):
    """Where rows come from."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice) -> Sequence[Row]: ...


class ClientError(Exception):
    """Something is wrong with the source."""

    code: ClassVar[str] = "client"

    def __init__(self, message: str, *, page: int | None = None) -> None:
        super().__init__(message)
        self.page = page


class SourceGone(ClientError):
    """There is no such page."""

    code = "gone"


@dataclass(frozen=True, slots=True, order=True)
class Page(Generic[T]):
    """A page: iterable, sized, indexable."""

    number: int
    rows: tuple[T, ...] = field(default=(), compare=False)

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> T:
        return self.rows[index]

    def __contains__(self, row: object) -> bool:
        return row in self.rows

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))


def retried(times: int = 3, *, on: type[Exception] | tuple[type[Exception], ...] = ClientError):
    """Try again a few times."""

    def decorate(function):
        @wraps(function)
        def inner(*args, **kwargs):
            for attempt in itertools.count(1):
                try:
                    return function(*args, **kwargs)
                except on:
                    inner.failures += 1
                    if attempt == times:
                        raise

        inner.failures = 0
        return inner

    return decorate


class Client:
    """Pages through a source; remembers what it asked for."""

    default_size = 50
    _instances = 0

    def __init__(self, source: Source, *, page_size: int | None = None) -> None:
        self._source = source
        self._size = page_size or self.default_size
        self._asked: deque[int] = deque(maxlen=10)
        type(self)._instances += 1

    @classmethod
    def of(cls, *rows: Row) -> Self:
        return cls(list(rows))

    @staticmethod
    def _clean(row: Row) -> Row:
        return {key: value for key, value in row.items() if value is not None}

    @property
    def asked(self) -> list[int]:
        """The pages asked for."""
        return list(self._asked)

    @cached_property
    def count(self) -> int:
        return -(-len(self._source) // self._size)

    @retried(2, on=SourceGone)
    def page(self, number: int) -> Page[Row]:
        """Return one page."""
        self._asked.append(number)
        if not 0 <= number < self.count:
            raise SourceGone(f"there is no page {number}", page=number)
        start = number * self._size
        return Page(number, [self._clean(row) for row in self._source[start : start + self._size]])

    def __iter__(self) -> Iterator[Page[Row]]:
        yield from (self.page(number) for number in range(self.count))

    @contextmanager
    def resized(self, size: int) -> Iterator[Self]:
        before, self._size = self._size, size
        try:
            yield self
        finally:
            self._size = before
