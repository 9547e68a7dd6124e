"""The commands of streams, as an operator types them."""

import json
from datetime import datetime

import pytest

from levada_runtime.cli import run
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.store.model import ConnectionRow, StreamRow


@pytest.fixture
def data_dir(tmp_path):
    """An installation with a connection of two streams, which no connector serves."""
    with Installation(Settings(data_dir=tmp_path / "data")) as installation:
        org, now = installation.org.id, installation.clock.now()
        connection = ConnectionRow(org, 7, "uid", "shop", "shop", {}, "live", "active", None, now, now)
        modes, zone = ["poll", "webhook"], "Europe/Berlin"
        made = StreamRow(org, 7, "orders", modes, "H * * * *", None, zone, paused=False)
        hook = StreamRow(org, 7, "hook", ["webhook"], None, None, "UTC", paused=False)
        with installation.store.write() as uow:
            uow.connections.add(connection)
            uow.streams.replace(org, 7, [made, hook])
    return tmp_path / "data"


@pytest.fixture
def runtime(data_dir, capsys):
    """Returns what runs a command, and gives its exit code and its JSON."""

    def call(*words):
        code = run([*words, "--data-dir", str(data_dir), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def test_streams_are_listed_and_shown(runtime):
    """With their schedules and policies, their next moments and their flags."""
    code, answer = runtime("streams", "list", "--connection", "shop")
    assert (code, [one["stream"] for one in answer["result"]["items"]]) == (0, ["hook", "orders"])
    shown = runtime("streams", "show", "shop", "orders")[1]["result"]
    assert {name: shown[name] for name in ("schedule", "overlap", "missed", "paused", "flags")} == {
        "schedule": "H * * * *",
        "overlap": "skip",
        "missed": "catch_up",
        "paused": False,
        "flags": [],
    }
    assert datetime.fromisoformat(shown["next"]).tzinfo is not None


def test_a_ledger_without_a_moment_yet_tells_the_next_five(runtime, data_dir, capsys):
    """Machines get UTC, people the stream's own clock."""
    code, answer = runtime("streams", "ticks", "shop", "orders")
    assert (code, answer["result"]["items"], len(answer["result"]["next"])) == (0, [], 5)
    assert run(["streams", "ticks", "shop", "orders", "--data-dir", str(data_dir)]) == 0
    assert capsys.readouterr().out.count("+0") == 5
    assert runtime("streams", "ticks", "shop", "nothing")[0] == 2


def test_a_stream_rests_and_runs_again(runtime):
    """The others of its connection are not asked."""
    assert runtime("streams", "pause", "shop", "orders")[1]["result"]["paused"] is True
    assert runtime("streams", "show", "shop", "hook")[1]["result"]["paused"] is False
    assert runtime("streams", "resume", "shop", "orders")[1]["result"]["paused"] is False
    said = [(one["action"], one["subject"]) for one in runtime("audit", "list")[1]["result"]["items"]]
    assert said.count(("stream.change", "shop/orders")) == 2


def test_a_checkpoint_is_set_shown_and_taken_away(runtime, tmp_path):
    """What polls keep and what webhooks keep are two."""
    assert runtime("streams", "state", "get", "shop", "orders")[1]["result"]["checkpoint"] is None
    assert runtime("streams", "state", "set", "shop", "orders", '{"since": "2026-01-01"}')[0] == 0
    file = tmp_path / "state.json"
    file.write_text('{"seen": 7}')
    assert runtime("streams", "state", "set", "shop", "orders", f"@{file}", "--mode", "webhook")[0] == 0
    assert runtime("streams", "state", "get", "shop", "orders")[1]["result"]["checkpoint"] == {"since": "2026-01-01"}
    assert runtime("streams", "reset", "shop", "orders")[1]["result"]["removed"] == 1
    assert runtime("streams", "state", "reset", "shop", "orders", "--mode", "webhook")[1]["result"]["removed"] == 1


@pytest.mark.parametrize("state", ["[1]", "{", "@nowhere.json"])
def test_a_checkpoint_that_is_none_is_refused(runtime, state):
    """It is a JSON object, given or in a file."""
    assert runtime("streams", "state", "set", "shop", "orders", state)[0] == 2


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        ("--overlap=orders=both", "invalid_policy"),
        ("--missed=orders=never", "invalid_policy"),
        ("--schedule=orders=*/61 * * * *", "invalid_schedule"),
        ("--paused=orders=perhaps", "usage"),
    ],
)
def test_what_cannot_be_meant_of_a_stream_is_refused(runtime, flag, code):
    """Before anything of the connection is changed."""
    exit_code, answer = runtime("connections", "set", "shop", flag)
    assert (exit_code, answer["error"]["code"]) == (2, code)
