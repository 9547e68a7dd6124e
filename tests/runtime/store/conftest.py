"""How the database goes about what it is asked."""

import pytest
import sqlalchemy as sa


@pytest.fixture
def plans(store):
    """How the database went about each statement, in the words of its EXPLAIN."""
    noted, words = [], "EXPLAIN QUERY PLAN" if store.engine.dialect.name == "sqlite" else "EXPLAIN"

    def explain(connection, _cursor, statement, parameters, _context, _executemany):
        if statement.startswith(("SELECT", "WITH")):
            rows = connection.exec_driver_sql(f"{words} {statement}", parameters)
            noted.append((statement, "\n".join(str(row[-1]) for row in rows) + "\n"))

    sa.event.listen(store.engine, "after_cursor_execute", explain)
    yield noted
    sa.event.remove(store.engine, "after_cursor_execute", explain)
