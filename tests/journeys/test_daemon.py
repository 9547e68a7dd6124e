"""The daemon: its schedule, its API, how it starts and how it stops."""

import json
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from tests.journeys.conftest import children

pytestmark = pytest.mark.journey

BEGUN_S = 6
"""Within so many seconds a daemon schedules; one that needs longer waits for the minute after."""


def get(url, key=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read()), refused.headers


@pytest.mark.databases("sqlite")
def test_a_scheduled_stream_is_polled_at_its_moment_and_the_tick_is_entered(site, source, wait_until, soon_a_minute):
    """APScheduler wakes, a worker polls, and the ledger says for which moment."""
    site.runtime("connections", "set", "acme", "--schedule", "customers=* * * * *")
    soon_a_minute(BEGUN_S)
    daemon = site.serve()
    wait_until(lambda: site.rows("SELECT 1 FROM runs WHERE state = 'succeeded' AND stream = 'customers'"), "a run", 90)
    daemon.stop()
    ((stream, moment, outcome, run),) = site.rows("SELECT stream, scheduled_for, outcome, run_id FROM ticks LIMIT 1")
    assert (stream, outcome) == ("customers", "ran")
    assert moment % 60_000_000 == 0
    view = site.json("runs", "show", run)
    assert view["scheduled_for"]
    assert view["state"] == "succeeded"
    counted = site.rows("SELECT count(*) FROM documents WHERE document_type = 'customer'")
    assert counted == [(len(source.served.customers),)]


@pytest.mark.databases("sqlite")
def test_the_api_answers_whoever_holds_a_key_and_nobody_else(site, source, wait_until):
    """Documents, runs, connections and connectors under the admin key; 401 without one; 404 for another's."""
    site.runtime("run", "acme", "customers")
    daemon = site.serve()
    key_file = site.data_dir / "admin.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    key = key_file.read_text().strip()
    assert key not in "".join(daemon.said)
    assert get(f"{daemon.url}/healthz")[0] == 200
    wait_until(lambda: get(f"{daemon.url}/readyz")[0] == 200, "readiness")
    assert get(f"{daemon.url}/v1/customers")[0] == 401
    status, body, headers = get(f"{daemon.url}/v1/customers?limit=3", key)
    assert status == 200
    assert headers["X-Request-Id"]
    assert body["object"] == "list"
    assert len(body["data"]) == 3
    assert body["pagination"]["has_more"]
    following = get(f"{daemon.url}/v1/customers?limit=3&cursor={body['pagination']['cursor']}", key)[1]
    assert not {one["id"] for one in body["data"]} & {one["id"] for one in following["data"]}
    one = body["data"][0]
    assert get(f"{daemon.url}/v1/customers/{one['id']}", key)[1]["data"]["payload"] == one["payload"]
    assert get(f"{daemon.url}/v1/invoices/{one['id']}", key)[0] == 404
    assert get(f"{daemon.url}/v1/runs", key)[1]["data"][0]["stream"] == "customers"
    assert get(f"{daemon.url}/v1/connections/acme", key)[1]["data"]["secrets"] == ["api_key"]
    assert get(f"{daemon.url}/v1/connectors/acme", key)[1]["data"]["state"] == "ready"
    assert "/v1/customers/{document_id}" in get(f"{daemon.url}/openapi.json")[1]["paths"]
    site.runtime("orgs", "create", "theirs")
    theirs = site.json("keys", "create", "--org", "theirs", "--scope", "admin")["key"]
    assert get(f"{daemon.url}/v1/customers", theirs)[1]["data"] == []
    assert get(f"{daemon.url}/v1/customers/{one['id']}", theirs)[0] == 404
    assert get(f"{daemon.url}/v1/connections/acme", theirs)[0] == 404
    with urllib.request.urlopen(f"{daemon.url}/metrics", timeout=10) as answer:
        assert b'levada_documents{document_type="customer"}' in answer.read()
    assert daemon.stop(signal.SIGINT) == 130


@pytest.mark.databases("sqlite")
def test_a_second_daemon_and_a_busy_port_are_refused_by_name(site):
    """One daemon per data directory; the port that is taken is named, with the way out."""
    daemon = site.serve()
    again = site.runtime("serve", "--port", "0", code=3)
    assert "another daemon" in again.err
    daemon.stop()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = site.runtime("serve", "--port", str(port), code=3)
    assert str(port) in busy.err
    assert "--port" in busy.err


@pytest.mark.databases("sqlite")
def test_a_daemon_that_is_told_to_stop_while_it_starts_ends_in_order(site, wait_until):
    """It tries its sandbox first, which takes a second; the word to stop is not lost, and does not kill it."""
    words = [sys.executable, "-m", "levada_runtime", "serve", "--port", "0", "--data-dir", str(site.data_dir)]
    process = subprocess.Popen(words, env=site.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until((site.data_dir / "daemon.lock").exists, "the daemon to begin")
    process.send_signal(signal.SIGTERM)
    said, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert said.rstrip().endswith("stopping: runs reach a page, then this ends")


BAD = """
import socket
with open({canary!r}, "w") as file:
    file.write("escaped")
socket.create_connection(("127.0.0.1", {port}))
connector = None
"""


def install(folder, name, source):
    """Lay a distribution with one connector into a folder that is on the path."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[levada.connectors]\n{name} = {name}:connector\n")


@pytest.mark.databases("sqlite")
def test_a_connector_whose_module_attacks_is_listed_as_broken_and_stops_nothing(site, source, tmp_path, wait_until):
    """It writes no file, reaches no listener, and the daemon serves the others on."""
    packages = tmp_path / "packages"
    canary = site.data_dir / "canary"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(1)
        install(packages, "evil", BAD.format(canary=str(canary), port=listener.getsockname()[1]))
        install(packages, "endless", "while True:\n    pass\n")
        site.env["PYTHONPATH"] = str(packages)
        listed = {one["key"]: one for one in site.json("connectors", "list")["items"]}
        assert listed["acme"]["state"] == "ready"
        assert listed["evil"]["state"] == "broken"
        assert "socket" in listed["evil"]["reason"]
        assert listed["endless"]["state"] == "broken"
        assert listed["endless"]["reason"].startswith(("cpu_limit", "timeout"))
        daemon = site.serve()
        (run,) = site.enqueue("customers")
        wait_until(lambda: site.run_rows()[run][0] == "succeeded", "another connector's run")
        daemon.stop()
        assert not canary.exists()
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.databases("sqlite")
def test_a_daemon_that_is_up_keeps_no_sandbox_of_its_own(site, tmp_path):
    """It describes what was installed meanwhile; runs are its workers' matter, and a zygote takes 50 MB."""
    install(tmp_path / "packages", "fresh", 'from levada import Connector\n\nconnector = Connector("fresh")\n')
    site.env["PYTHONPATH"] = str(tmp_path / "packages")
    daemon = site.serve()
    assert sorted(children(daemon.process.pid)) == sorted(daemon.workers())
    assert "fresh" in [one["key"] for one in site.json("connectors", "list")["items"]]
    daemon.stop()


@pytest.mark.databases("sqlite")
def test_interrupting_a_foreground_run_cancels_it(site, wait_until):
    """Ctrl-C ends the command with 130, and the run says that it was cancelled."""
    words = [sys.executable, "-m", "levada_runtime", "run", "acme", "invoices", "--data-dir", str(site.data_dir)]
    process = subprocess.Popen(words, env=site.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any(row[0] == "running" for row in site.run_rows().values()), "a running run")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert {row[0] for row in site.run_rows().values()} == {"cancelled"}
    assert site.rows("SELECT state FROM work") == [("dead",)]
