"""What every test may stand on: a store of its own, a clock that stands still."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, moment: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **span: float) -> None:
        self.moment += timedelta(**span)


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands still."""
    return FrozenClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A migrated SQLite store in a file of its own."""
    engine = make_engine(f"sqlite:///{tmp_path / 'levada.db'}")
    upgrade(engine)
    store = Store(engine)
    yield store
    store.close()
