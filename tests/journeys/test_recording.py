"""From the command line: a run is recorded, captured, reproduced offline by its test, and played again."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.journey, pytest.mark.databases("sqlite")]


def test_a_run_is_recorded_captured_and_reproduced(site, source, tmp_path):
    """The source is gone by then; what is committed from a cassette is nothing, whoever asks."""
    plain = site.json("run", "acme", "customers")
    file = tmp_path / "customers.json"
    refused = site.runtime("runs", "capture", plain["id"], "--out", str(file), code=2)
    assert "`runtime run acme customers --record`" in refused.err
    assert not file.exists()
    source.advance()
    run = site.json("run", "acme", "customers", "--record")
    shown = site.json("runs", "exchanges", run["id"])["items"]
    assert {(one["method"], one["status"]) for one in shown} >= {("GET", 200)}
    told = site.json("runs", "capture", run["id"], "--out", str(file))
    source.stop()
    cassette = json.loads(file.read_text())
    assert told["exchanges"] == len(cassette["exchanges"]) > 0
    assert source.api_key not in file.read_text() + (tmp_path / "test_customers.py").read_text()

    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "levada.testing.plugin", "-c", os.devnull, told["test"]]
    done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

    played = ("run", "acme", "customers", "--replay", str(file))
    assert "add --observe" in site.runtime(*played, code=2).err
    plan = site.json(*played, "--observe")
    names = ("created", "updated", "unchanged", "retired")
    assert sum(plan["summary"][name] for name in names) == sum(run["counts"][name] for name in names)
    assert plan["summary"]["created"] == plan["summary"]["updated"] == 0


def test_recording_is_a_connections_setting(site):
    """It is shown, and stays until it is switched off."""
    assert site.json("connections", "show", "acme")["recording"] is False
    assert site.json("connections", "set", "acme", "--record")["recording"] is True
    assert site.json("connections", "set", "acme", "--mode", "live")["recording"] is True
    assert site.json("connections", "set", "acme", "--no-record")["recording"] is False
