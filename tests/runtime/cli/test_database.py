"""`runtime db`: how large the store is, what is old in it, and a copy of it while others write."""

import json
import sqlite3
import stat
import threading
from datetime import timedelta

import pytest

from levada_runtime.cli import run
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.ids import row_id
from levada_runtime.store.model import EventRow


@pytest.fixture
def settings(tmp_path, new_database, monkeypatch):
    url = new_database()
    monkeypatch.setenv("LEVADA_DATABASE_URL", url)
    monkeypatch.setenv("LEVADA_DATA_DIR", str(tmp_path / "data"))
    return Settings(data_dir=tmp_path / "data", database_url=url)


@pytest.fixture
def runtime(settings, capsys):
    """Returns what runs a command and reads its JSON."""

    def runtime(*words, code=0):
        capsys.readouterr()
        assert run([*words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return runtime


def add_events(settings, *ages):
    with Installation(settings) as installation, installation.store.write() as uow:
        now = installation.clock.now()
        uow.events.add([EventRow(installation.org.id, 0, row_id(), "sdk.event", "x", now - age) for age in ages])


def test_the_status_tells_sizes_and_how_long_what_is_kept(settings, runtime):
    """Every table with its bytes; what is never pruned is not among what is kept for some days."""
    add_events(settings, *[timedelta(days=1)] * 50)
    told = runtime("db", "status")["result"]
    sizes = {one["table"]: one for one in told["tables"]}
    assert {"events", "documents", "audit", "alembic_version"} <= set(sizes)
    assert sizes["events"]["bytes"] >= 50 * 20
    if settings.store_url.startswith("sqlite"):
        assert sizes["events"]["rows"] == 50
        assert 0 <= told["free_bytes"] <= told["bytes"]
    assert (told["retention"]["events"], told["retention"]["quarantine"]) == (30, 90)
    assert (told["retention"]["plans"], told["retention"]["runs"]) == (30, 90)
    assert not {"documents", "versions", "entities", "audit"} & set(told["retention"])


def test_what_is_old_is_pruned_by_hand_and_noted(settings, runtime, monkeypatch):
    """As the daemon does it; the configuration says what is old."""
    add_events(settings, *[timedelta(days=9)] * 3, timedelta(days=1))
    assert runtime("db", "prune")["result"]["pruned"]["events"] == 0
    monkeypatch.setenv("LEVADA_RETENTION__EVENTS_DAYS", "7")
    assert runtime("db", "prune")["result"]["pruned"]["events"] == 3
    newest = runtime("audit", "list", "--action", "database.")["result"]["items"][0]
    assert newest["actor"].startswith("cli:")
    assert (newest["action"], newest["details"]["events"]) == ("database.prune", 3)


@pytest.mark.databases("sqlite")
def test_a_copy_is_whole_while_somebody_writes(settings, runtime, tmp_path):
    """It is one moment's, opens as a store, and only its owner reads it; what was there is never overwritten."""
    stop = threading.Event()
    add_events(settings, *[timedelta(days=1)] * 2_000)

    def write():
        with Installation(settings) as installation:
            while not stop.is_set():
                with installation.store.write() as uow:
                    rows = [EventRow(installation.org.id, 0, row_id(), "sdk.event", "x", installation.clock.now())]
                    uow.events.add(rows)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        told = runtime("db", "backup", str(tmp_path / "copy.db"))["result"]
    finally:
        stop.set()
        writer.join()
    copy = tmp_path / "copy.db"
    assert told["bytes"] == copy.stat().st_size
    assert told["secret_key_file"] == str(settings.data_dir / "secret.key")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with sqlite3.connect(copy) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("SELECT count(*) FROM events").fetchone()[0] >= 2_000
    opened.close()
    assert not list(tmp_path.glob("*.part"))
    assert runtime("db", "backup", str(copy), code=2)["error"]["code"] == "file_exists"
    assert runtime("db", "backup", str(tmp_path / "no" / "where"), code=3)["error"]["code"] == "backup_failed"


@pytest.mark.databases("sqlite")
def test_a_copy_with_its_key_is_an_installation_again(settings, runtime, tmp_path):
    """Documents, connections and secrets are there, and what was done is told."""
    with Installation(settings) as installation:
        installation.org_secrets.set(installation.org, "hook", "s3kr1t-of-the-hook")
    restored = tmp_path / "restored"
    restored.mkdir(mode=0o700)
    runtime("db", "backup", str(restored / "levada.db"))
    (restored / "secret.key").write_bytes((settings.data_dir / "secret.key").read_bytes())
    with Installation(Settings(data_dir=restored), create=False) as installation:
        assert installation.org_secrets.open(installation.org.id, ["hook"]) == {"hook": "s3kr1t-of-the-hook"}


@pytest.mark.databases("postgresql")
def test_a_postgresql_store_is_copied_by_its_own_tools(runtime, tmp_path):
    """The command says which."""
    error = runtime("db", "backup", str(tmp_path / "copy.db"), code=2)["error"]
    assert "pg_dump" in error["details"]["hint"]
