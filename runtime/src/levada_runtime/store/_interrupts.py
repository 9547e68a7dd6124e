"""An interrupt from the keyboard that falls into a transaction is passed on, whatever the database says to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def begun(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection with a transaction begun, which is committed after the block, or taken back.

    An interrupt may fall between a statement and its answer. PostgreSQL's driver then takes no other statement, not
    even the one that takes the transaction back, and that failure would stand in for the interrupt: whoever was to
    stop would go on. So the connection is given up instead, which ends the transaction, too.
    """
    with engine.begin() as connection:
        try:
            yield connection
        except KeyboardInterrupt:
            connection.invalidate()
            raise
