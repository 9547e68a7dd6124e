"""Units of work: one connection, one transaction, one repository a noun."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

import sqlalchemy as sa

from levada_runtime.store._interrupts import begun
from levada_runtime.store.audit import Audit
from levada_runtime.store.backfills import Backfills
from levada_runtime.store.connections import Connections, Secrets
from levada_runtime.store.connectors import Connectors
from levada_runtime.store.contents import Contents
from levada_runtime.store.deliveries import Deliveries
from levada_runtime.store.documents import Documents
from levada_runtime.store.engine import (
    bytes_of,
    going_first,
    in_passing,
    looking,
    noting,
    place_of,
    reading,
    version_of,
    writing,
)
from levada_runtime.store.events import Events
from levada_runtime.store.graph import Graph
from levada_runtime.store.graph_claims import GraphClaims
from levada_runtime.store.graph_held import GraphHeld
from levada_runtime.store.graph_history import GraphHistory
from levada_runtime.store.graph_parts import GraphParts
from levada_runtime.store.graph_pending import GraphPending
from levada_runtime.store.graph_priorities import GraphPriorities
from levada_runtime.store.graph_stats import GraphStats
from levada_runtime.store.history import History
from levada_runtime.store.idempotent_requests import IdempotentRequests
from levada_runtime.store.locks import Named, lock, lock_all
from levada_runtime.store.moments import Moments
from levada_runtime.store.org_secrets import OrgSecrets
from levada_runtime.store.orgs import Keys, Orgs
from levada_runtime.store.patience import Patience, patient
from levada_runtime.store.pipelines import Pipelines
from levada_runtime.store.postgresql import NOTING
from levada_runtime.store.projections import Projections
from levada_runtime.store.quarantine import Quarantine
from levada_runtime.store.rate_budgets import RateBudgets
from levada_runtime.store.receipts import Receipts
from levada_runtime.store.recordings import Recordings
from levada_runtime.store.retention import Retention
from levada_runtime.store.runs import Plans, Runs
from levada_runtime.store.schemes import Schemes
from levada_runtime.store.sizes import TableSize, free_bytes, sizes_of
from levada_runtime.store.streams import Checkpoints, Streams
from levada_runtime.store.ticks import Ticks
from levada_runtime.store.tokens import Tokens
from levada_runtime.store.trust import Trust
from levada_runtime.store.work import Work


class UnitOfWork:
    """What is read and written together."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def lock(self, what: str, *ids: int) -> None:
        """Let nobody else decide on the same thing before this unit of work ends.

        On SQLite nobody else writes anyway. On PostgreSQL it is an advisory lock, so whoever reads in order to write
        asks for it first.
        """
        lock(self._connection, what, *ids)

    def lock_all(self, names: Sequence[Named]) -> None:
        """Do the same for several things at once."""
        lock_all(self._connection, names)

    @contextmanager
    def patient(self, seconds: float) -> Iterator[Patience]:
        """Stop what is read within after so many seconds.

        Raises UsageFailure then.
        """
        with patient(self._connection, seconds) as patience:
            yield patience

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of what is written: an error inside undoes the part, and the rest of the unit of work can go on."""
        with self._connection.begin_nested():
            yield

    @cached_property
    def orgs(self) -> Orgs:
        return Orgs(self._connection)

    @cached_property
    def keys(self) -> Keys:
        return Keys(self._connection)

    @cached_property
    def connectors(self) -> Connectors:
        return Connectors(self._connection)

    @cached_property
    def trust(self) -> Trust:
        return Trust(self._connection)

    @cached_property
    def connections(self) -> Connections:
        return Connections(self._connection)

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets(self._connection)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self._connection)

    @cached_property
    def rate_budgets(self) -> RateBudgets:
        return RateBudgets(self._connection)

    @cached_property
    def streams(self) -> Streams:
        return Streams(self._connection)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self._connection)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self._connection)

    @cached_property
    def history(self) -> History:
        return History(self._connection)

    @cached_property
    def moments(self) -> Moments:
        return Moments(self._connection)

    @cached_property
    def quarantine(self) -> Quarantine:
        return Quarantine(self._connection)

    @cached_property
    def schemes(self) -> Schemes:
        return Schemes(self._connection)

    @cached_property
    def events(self) -> Events:
        return Events(self._connection)

    @cached_property
    def contents(self) -> Contents:
        return Contents(self._connection)

    @cached_property
    def graph(self) -> Graph:
        return Graph(self._connection)

    @cached_property
    def graph_claims(self) -> GraphClaims:
        return GraphClaims(self._connection)

    @cached_property
    def graph_held(self) -> GraphHeld:
        return GraphHeld(self._connection)

    @cached_property
    def graph_pending(self) -> GraphPending:
        return GraphPending(self._connection)

    @cached_property
    def graph_parts(self) -> GraphParts:
        return GraphParts(self._connection)

    @cached_property
    def graph_history(self) -> GraphHistory:
        return GraphHistory(self._connection)

    @cached_property
    def graph_stats(self) -> GraphStats:
        return GraphStats(self._connection)

    @cached_property
    def graph_priorities(self) -> GraphPriorities:
        return GraphPriorities(self._connection)

    @cached_property
    def projections(self) -> Projections:
        return Projections(self._connection)

    @cached_property
    def pipelines(self) -> Pipelines:
        return Pipelines(self._connection)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self._connection)

    @cached_property
    def org_secrets(self) -> OrgSecrets:
        return OrgSecrets(self._connection)

    @cached_property
    def idempotent_requests(self) -> IdempotentRequests:
        return IdempotentRequests(self._connection)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self._connection)

    @cached_property
    def recordings(self) -> Recordings:
        return Recordings(self._connection)

    @cached_property
    def plans(self) -> Plans:
        return Plans(self._connection)

    @cached_property
    def ticks(self) -> Ticks:
        return Ticks(self._connection)

    @cached_property
    def backfills(self) -> Backfills:
        return Backfills(self._connection)

    @cached_property
    def receipts(self) -> Receipts:
        return Receipts(self._connection)

    @cached_property
    def work(self) -> Work:
        return Work(self._connection)

    @cached_property
    def retention(self) -> Retention:
        return Retention(self._connection)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self._connection)


class Store:
    """The durable state of an installation."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._reading = reading(engine)
        self._looking = looking(engine)
        self._writing = writing(engine)
        self._going_first = going_first(engine)
        self._noting = noting(engine)
        self._in_passing = in_passing(engine)

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A consistent view that writes nothing and locks nobody out.

        It is ended as what writes is: after what is taken back psycopg has forgotten every statement it had prepared.
        """
        with begun(self._reading) as connection:
            yield UnitOfWork(connection)

    @contextmanager
    def look(self) -> Iterator[UnitOfWork]:
        """Read what need not be of one moment: on PostgreSQL there is no transaction, so that a question is one way."""
        with begun(self._looking) as connection:
            yield UnitOfWork(connection)

    @contextmanager
    def write(self, *, first: bool = False) -> Iterator[UnitOfWork]:
        """One transaction: everything in it is kept, or none of it is.

        Where one writes at a time, those that somebody waits for may go `first`.
        """
        with begun(self._going_first if first else self._writing) as connection:
            yield UnitOfWork(connection)

    @contextmanager
    def note(self, *, in_passing: bool = False) -> Iterator[UnitOfWork]:
        """One transaction that a power cut may take back: for what would be a pity to lose, and no loss.

        It waits for no disk, and for other writers ten seconds at most; `in_passing`, where one writes at a time, it
        waits for nobody. Raises StoreUnavailable when its turn has not come by then.
        """
        with begun(self._in_passing if in_passing else self._noting) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(NOTING)
            yield UnitOfWork(connection)

    @contextmanager
    def remark(self) -> Iterator[UnitOfWork]:
        """A note of one statement, that says itself what PostgreSQL has to know of a note: no transaction is needed."""
        alone = self._looking if self.engine.dialect.name == "postgresql" else self._noting
        with begun(alone) as connection:
            yield UnitOfWork(connection)

    @property
    def place(self) -> str:
        """Which database this is, without any secret."""
        return place_of(self.engine)

    def version(self) -> str:
        """Return the database's own name and version; who gets it has reached the database.

        Raises EnvironmentFailure when it cannot be reached.
        """
        with self.engine.connect() as connection:
            return version_of(connection)

    def bytes(self) -> int:
        """Return how large the database is on disk."""
        with self.engine.connect() as connection:
            return bytes_of(connection)

    def free_bytes(self) -> int | None:
        """Return how much of that is free for what is yet to come; None where nobody can tell."""
        with self.engine.connect() as connection:
            return free_bytes(connection)

    def sizes(self) -> list[TableSize]:
        """Return every table with its size, the largest first."""
        with self.engine.connect() as connection:
            return sizes_of(connection)

    def close(self) -> None:
        self.engine.dispose()
