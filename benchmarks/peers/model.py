"""What is compared: sides, the places they work in, and what a phase of one cost."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote

from benchmarks.workload import CHANGED_EVERY, KINDS, rows

PHASES: tuple["Phase", ...] = ("A", "B", "C")
MEANING = {"A": "first load", "B": "the same again", "C": "10 % changed"}

Phase = Literal["A", "B", "C"]


class UnavailableError(Exception):
    """This side cannot take part here; the message says why."""


class WrongResultError(Exception):
    """A side has not stored what it was given, or did not run to its end."""


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL database of one side's own."""

    host: str
    port: int
    user: str
    password: str
    name: str

    @property
    def url(self) -> str:
        """Return its URL."""
        return f"postgresql://{self.user}:{quote(self.password, safe='')}@{self.host}:{self.port}/{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables every client of PostgreSQL's own library reads."""
        names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")
        return dict(zip(names, (self.host, str(self.port), self.user, self.password, self.name), strict=True))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a side works on one kind of record: a fresh folder, a fresh database, and the source to ask."""

    folder: Path
    source: str
    kind: str
    records: int
    database: Database | None
    kept: ExitStack = field(default_factory=ExitStack)
    """What is ended with the comparison of this side."""

    @property
    def environment(self) -> dict[str, str]:
        """Return what a script of a side reads."""
        own = {
            "BENCH_SOURCE": self.source,
            "BENCH_KIND": self.kind,
            "BENCH_KEY": KINDS[self.kind].key,
            "BENCH_RECORDS": str(self.records),
            "BENCH_FOLDER": str(self.folder),
            "HOME": str(self.folder),
        }
        return {**own, **(self.database.environment if self.database else {})}

    def expected(self, phase: Phase) -> dict[str, str]:
        """Return the amount that belongs to each key after a phase."""
        kind = KINDS[self.kind]
        return {row[kind.key]: row[kind.money] for row in rows(self.kind, self.records, changed=phase == "C")}

    def versions(self, phase: Phase) -> int:
        """Return how many versions there are after a phase where they are kept."""
        changed = (self.records + CHANGED_EVERY - 1) // CHANGED_EVERY
        return self.records + (changed if phase == "C" else 0)


@dataclass(frozen=True, slots=True)
class Work:
    """What a side has to run for a phase: a pipe of processes."""

    commands: Sequence[Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    says_cost: bool = False
    """Its last line says what the work took, without the start of the process and the making of the records."""
    beside: Sequence[int] = ()
    """Processes that are there already and do the work: it is their memory that counts, and that of those below."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a phase took."""

    seconds: float
    cpu_s: float
    server_cpu_s: float | None
    """The database server's, where the server is ours to look at."""
    rss_mb: float
    said: str = ""


class Side(Protocol):
    """One way to get records from the source into a store."""

    @property
    def name(self) -> str:
        """Return what it is called."""
        ...

    @property
    def store(self) -> Literal["SQLite", "PostgreSQL"]:
        """Return where it stores."""
        ...

    @property
    def does(self) -> str:
        """Return what it really does with a record, in a line."""
        ...

    def prepare(self, place: Place) -> str:
        """Make everything ready that is not to be timed and return the versions used.

        Raises UnavailableError when it cannot take part.
        """
        ...

    def work(self, place: Place, phase: Phase) -> Work:
        """Return what is to be timed."""
        ...

    def verify(self, place: Place, phase: Phase, said: str) -> None:
        """Hold what is stored against what was served; raise WrongResultError when it differs."""
        ...
