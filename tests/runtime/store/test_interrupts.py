"""Ctrl-C falls at any instant: into a transaction, between a statement and its answer, into its end."""

import pytest
import sqlalchemy as sa


def leave_unanswered(connection):
    """Have a statement under way, as one is when an interrupt falls before its answer."""
    if connection.dialect.name == "postgresql":
        connection.connection.driver_connection.pgconn.send_query(b"SELECT pg_sleep(1)")


@pytest.fixture(params=["read", "look", "write", "note", "remark"])
def entered(request, store):
    """Each way into the store."""
    return getattr(store, request.param)


def test_an_interrupt_in_the_middle_of_a_statement_is_passed_on(entered, store):
    """As what it is, and not as a failure of the store, with which whoever was to stop would go on."""

    def interrupted():
        with entered() as uow:
            leave_unanswered(uow._connection)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with store.read() as uow:
        assert list(uow.orgs.all()) == []


def test_an_interrupt_of_a_commit_is_passed_on(store):
    """There, too."""

    def interrupt(connection):
        leave_unanswered(connection)
        raise KeyboardInterrupt

    def write():
        with store.write() as uow:
            uow.connectors.hashes()
            sa.event.listen(store._writing, "commit", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write()
    sa.event.remove(store._writing, "commit", interrupt)
    with store.write() as uow:
        assert uow.connectors.hashes() == {}


def test_an_interrupt_of_what_is_done_while_the_store_looks_is_passed_on(store):
    """The look is given up with its connection."""

    def interrupt():
        raise KeyboardInterrupt

    def look():
        with store.look() as uow:
            uow.documents.known((1, 2), "customer", ["k"], interrupt)
            if store.engine.dialect.name == "sqlite":
                interrupt()

    with pytest.raises(KeyboardInterrupt):
        look()
    with store.look() as uow:
        assert uow.documents.known((1, 2), "customer", ["k"]) == {}
