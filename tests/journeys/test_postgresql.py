"""What an operator of PostgreSQL sees: two daemons on one database, no password anywhere, a server that goes away."""

import json
import signal
import urllib.error
import urllib.request

import pytest
import sqlalchemy as sa

pytestmark = [pytest.mark.journey, pytest.mark.databases("postgresql")]


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def admin_of(site):
    """Return an engine on the same server, beside the installation's own database."""
    url = sa.make_url(site.database_url).set(drivername="postgresql+psycopg", database="postgres")
    return sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")


def name_of(site):
    return sa.make_url(site.database_url).database


def test_two_daemons_share_one_database_and_do_each_piece_of_work_once(site, source, tmp_path, wait_until):
    """Each has a data directory of its own; what is entered is done by whichever of them is free."""
    other = type(site)(tmp_path / "other", dict(site.env), site.database_url)
    other.data_dir.mkdir(mode=0o700)
    (other.data_dir / "secret.key").write_text((site.data_dir / "secret.key").read_text())
    daemons = [site.serve("--workers", "1"), other.serve("--workers", "1")]
    assert not (other.data_dir / "admin.key").exists()
    runs = site.enqueue("invoices", "customers", "invoices")
    wait_until(lambda: {site.run_rows()[run][0] for run in runs} <= {"succeeded", "partial"}, "three runs by hand", 90)
    for daemon in daemons:
        assert daemon.stop() == 128 + signal.SIGTERM
    assert {attempt for _, _, attempt in site.run_rows().values()} == {1}
    assert site.rows("SELECT count(*) FROM documents WHERE document_type = 'customer'") == [
        (len(source.served.customers),)
    ]
    assert site.rows("SELECT max(version) FROM versions") == [(1,)]


def test_the_password_is_in_no_process_list_and_in_nothing_that_is_said(site, process_words):
    """It goes to the workers by their environment, and every shown URL has stars in its place."""
    password = sa.make_url(site.database_url).password
    daemon = site.serve("--workers", "1")
    status, ready = get(f"{daemon.url}/readyz")
    assert password not in json.dumps(ready)
    assert ready["parts"]["store"]["version"].startswith("PostgreSQL")
    assert status in {200, 503}
    words = process_words(daemon)
    assert any("worker" in word for word in words)
    assert not any(password in word for word in words)
    daemon.process.send_signal(signal.SIGTERM)
    out, _ = daemon.process.communicate(timeout=60)
    said = "".join(daemon.said) + out + daemon.errors()
    assert "postgresql+psycopg://" in said
    assert password not in said
    shown = site.json("db", "status")
    assert shown["current"]
    assert shown["bytes"] > 1_000_000
    assert "***" in shown["store"]
    assert site.json("doctor")["database"]["version"].startswith("PostgreSQL")


def test_a_database_that_goes_away_ends_the_daemon_with_a_sentence_and_loses_nothing(site, source, wait_until):
    """Its work is in the rows: once the database is back, whoever is started next carries it out."""
    daemon = site.serve("--workers", "1")
    (run,) = site.enqueue("customers")
    wait_until(lambda: site.run_rows()[run][1] >= 1, "a page")
    admin, name = admin_of(site), name_of(site)
    with admin.connect() as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        daemon.process.communicate(timeout=90)
        err = daemon.errors()
        assert daemon.process.returncode == 3
        assert "cannot be reached" in err
        assert "Traceback (most recent call last)\n" not in err
        refused = site.runtime("documents", "list", code=3)
        assert "cannot be reached" in refused.err
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    daemon = site.serve("--workers", "1")
    wait_until(lambda: site.run_rows()[run][0] == "succeeded", "the run goes on", 90)
    daemon.stop()
    assert site.rows("SELECT count(*) FROM documents") == [(len(source.served.customers),)]
    assert site.rows("SELECT max(version) FROM versions") == [(1,)]


def test_a_server_that_is_not_there_is_said_by_every_command_alike(site):
    """Exit code 3, the place, the way out, in both voices."""
    site.database_url = "postgresql://levada:never-told-anybody@127.0.0.1:1/levada"
    for words in (("documents", "list"), ("run", "acme", "customers"), ("serve", "--port", "0"), ("db", "upgrade")):
        ended = site.runtime(*words, "--json", code=3)
        assert ended.json["error"]["code"] == "database_unreachable"
        assert "127.0.0.1:1" in ended.json["error"]["message"]
        assert "--database-url" in ended.json["error"]["details"]["hint"]
