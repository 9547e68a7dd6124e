"""PostgreSQL: how its URL may be spelled, and what is said when it is not there."""

import os
import signal
import socket
import sys
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from levada_runtime.foundation.errors import EnvironmentFailure, UsageFailure
from levada_runtime.foundation.logging import mask
from levada_runtime.store.engine import make_engine, place_of
from levada_runtime.store.model import OrgRow
from levada_runtime.store.postgresql import together
from levada_runtime.store.schema import revision_of, upgrade
from levada_runtime.store.unit_of_work import Store

SECRET = "correct-horse-battery"


@pytest.fixture
def nobody_there():
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://levada:{SECRET}@db.test/levada",
        f"postgres://levada:{SECRET}@db.test/levada",
        f"postgresql+psycopg://levada:{SECRET}@db.test/levada",
        f"postgresql://levada@db.test/levada?password={SECRET}&sslpassword={SECRET}",
    ],
)
def test_every_spelling_of_the_url_means_psycopg_and_shows_no_password(url):
    """The password stays usable for connecting, and is shown and logged nowhere."""
    engine = make_engine(url)
    assert engine.url.drivername == "postgresql+psycopg"
    assert engine.url.password == SECRET
    assert place_of(engine) == "postgresql+psycopg://levada:***@db.test/levada"
    assert SECRET not in mask(f"it said {SECRET}")
    engine.dispose()


def test_a_password_that_is_an_ordinary_word_of_the_url_does_not_mask_that_word_everywhere():
    """Somebody whose password is the name of the database would read nothing but dots."""
    make_engine("postgresql://example:example@db.test/example").dispose()
    assert mask("for example") == "for example"


@pytest.mark.parametrize("url", ["mysql://db.test/x", "postgresql+psycopg2://db.test/x", "nonsense", "postgres//x"])
def test_a_url_that_names_no_database_of_ours_is_refused(url):
    """The refusal shows what a URL looks like, and repeats nothing that might be secret."""
    with pytest.raises(UsageFailure) as refused:
        make_engine(url)
    assert refused.value.code == "invalid_database_url"
    assert "postgresql://" in (refused.value.hint or "")


def test_a_missing_driver_is_named_with_the_line_that_installs_it(monkeypatch):
    """The embedded store needs no PostgreSQL driver, so it may be missing."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(EnvironmentFailure) as missing:
        make_engine("postgresql://db.test/levada")
    assert "pip install 'levada-runtime[postgresql]'" in (missing.value.hint or "")


def test_a_server_that_is_not_there_is_an_environment_failure_without_the_password(nobody_there):
    """It names the place and what to look at."""
    engine = make_engine(f"postgresql://levada:{SECRET}@127.0.0.1:{nobody_there}/levada")
    with pytest.raises(EnvironmentFailure) as failed:
        revision_of(engine)
    assert failed.value.code == "database_unreachable"
    assert str(nobody_there) in failed.value.message
    assert SECRET not in f"{failed.value.message} {failed.value.hint}"
    engine.dispose()


@pytest.mark.databases("postgresql")
def test_a_database_that_does_not_exist_is_named(new_database):
    """The server is there, the database is not."""
    url = sa.make_url(new_database()).set(database="nowhere").render_as_string(hide_password=False)
    engine = make_engine(url)
    with pytest.raises(EnvironmentFailure, match="nowhere"):
        revision_of(engine)
    engine.dispose()


def cut_off(store, bystander):
    """Have the server end every connection to a store's database."""
    with bystander.engine.connect() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.exec_driver_sql(cut, (store.engine.url.database,))


@pytest.mark.databases("postgresql")
def test_a_connection_that_is_cut_fails_its_unit_of_work_and_the_next_gets_a_new_one(new_store):
    """A server that restarts costs what was under way, and nothing after it."""
    store, bystander = new_store(), new_store()

    def be_cut_off():
        with store.write() as uow:
            uow.orgs.all()
            cut_off(store, bystander)
            uow.orgs.all()

    with pytest.raises(EnvironmentFailure) as lost:
        be_cut_off()
    assert lost.value.code == "database_unreachable"
    with store.read() as uow:
        assert uow.orgs.all() == []


@pytest.mark.databases("postgresql")
def test_connections_that_were_cut_while_they_rested_cost_nobody_anything(new_store, monkeypatch):
    """Whoever takes one up after a while asks first whether it is still there, and gets another."""
    monkeypatch.setattr("levada_runtime.store.postgresql._RESTED_S", 0.0)
    store, bystander = new_store(), new_store()
    with store.read() as uow, store.read() as other:
        assert uow.orgs.all() == other.orgs.all() == []
    cut_off(store, bystander)
    with store.read() as uow, store.read() as other:
        assert uow.orgs.all() == other.orgs.all() == []


def test_what_is_said_together_is_kept_together_or_not_at_all(store):
    """One statement that is refused, and nothing of the unit of work stays; it fails with the store's own words."""

    def say(*ids):
        with store.write() as uow, together(uow._connection):
            for one in ids:
                uow.orgs.add(OrgRow(one, f"org-{one}", datetime.now(UTC)))

    say(7, 8)
    with pytest.raises(sa.exc.IntegrityError):
        say(9, 7)
    with store.read() as uow:
        assert {one.id for one in uow.orgs.all()} == {7, 8}


@pytest.mark.databases("postgresql")
def test_a_server_that_goes_while_several_things_are_said_is_named(new_store):
    """What was lost is an environment's failure, as it is anywhere else, and the next unit of work goes on."""
    store, bystander = new_store(), new_store()

    def be_cut_off():
        with store.write() as uow:
            uow.orgs.all()
            cut_off(store, bystander)
            with together(uow._connection):
                uow.orgs.add(OrgRow(7, "org-7", datetime.now(UTC)))

    with pytest.raises(EnvironmentFailure) as lost:
        be_cut_off()
    assert lost.value.code == "database_unreachable"
    with store.read() as uow:
        assert uow.orgs.all() == []


@pytest.mark.databases("postgresql")
def test_an_interrupt_while_the_database_answers_is_an_interrupt(store):
    """Ctrl-C in the middle of a statement is no failure of the database, and the next unit of work goes on."""

    def wait():
        with store.write() as uow:
            uow._connection.exec_driver_sql("SELECT pg_sleep(30)")

    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        wait()
    timer.join()
    with store.read() as uow:
        assert uow.orgs.all() == []


@pytest.mark.databases("postgresql")
def test_a_unit_of_work_that_reads_can_write_nothing(store):
    """What only looks is told so by the database itself."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE scratch (n int)")
    with pytest.raises(sa.exc.InternalError, match="read-only"), store.read() as uow:
        uow._connection.exec_driver_sql("INSERT INTO scratch VALUES (1)")


@pytest.mark.databases("postgresql")
def test_what_a_statement_was_given_is_in_no_error(store):
    """Values are people's data, and an error goes into logs."""
    with pytest.raises(sa.exc.DBAPIError) as failed, store.write() as uow:
        uow._connection.execute(sa.text("SELECT CAST(:value AS integer)"), {"value": "their-own-data"})
    assert "hide_parameters" in str(failed.value)


@pytest.mark.databases("postgresql")
def test_a_database_that_does_not_keep_text_as_utf_8_is_refused(new_database):
    """Other encodings would lose what sources send."""
    admin = Store(make_engine(new_database()))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = f"{admin.engine.url.database}_latin"
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
        engine = make_engine(admin.engine.url.set(database=name).render_as_string(hide_password=False))
        try:
            with pytest.raises(EnvironmentFailure, match="LATIN1"):
                upgrade(engine)
        finally:
            engine.dispose()
            connection.exec_driver_sql(f"DROP DATABASE {name}")
    admin.close()
