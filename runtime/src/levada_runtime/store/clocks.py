"""What other clocks say: the database server's, and the rows that are there already."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from levada_runtime.store.tables import work


def ahead_of_server(engine: sa.Engine) -> timedelta | None:
    """Return by how much this machine's clock is ahead of the database server's; None where that is the same machine.

    Asking takes a moment, and the server is taken to have answered in the middle of it.
    """
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        before = datetime.now(UTC)
        theirs: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        after = datetime.now(UTC)
    return before + (after - before) / 2 - theirs


def newest_work_at(engine: sa.Engine) -> datetime | None:
    """Return when the newest work was entered: later than now only if the clock was put back."""
    with engine.connect() as connection:
        query = sa.select(work.c.queued_at).order_by(work.c.id.desc()).limit(1)
        moment: datetime | None = connection.execute(query).scalar_one_or_none()
        return moment
