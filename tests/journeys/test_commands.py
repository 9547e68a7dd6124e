"""What goes wrong at the command line: the exit code, a sentence, the way out, and no traceback."""

import json

import pytest

from levada_acme.sample import SampleSource
from levada_runtime.cli import run

pytestmark = [pytest.mark.journey, pytest.mark.databases("sqlite")]


@pytest.fixture(scope="module")
def shared(tmp_path_factory, connected_site):
    """An installation with a connection, for commands that change nothing."""
    with SampleSource(customers=5, invoices=5) as source:
        yield connected_site(tmp_path_factory.mktemp("shared") / "data", source)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("run", "nobody", "customers"), 2, "nobody"),
        (("run", "acme", "nothing"), 2, "customers, invoices"),
        (("observe", "nobody", "customers"), 2, "nobody"),
        (("documents", "list", "--colour"), 2, "--colour"),
        (("documents", "list", "--limit", "many"), 2, "--limit"),
        (("documents", "show", "doc_x"), 2, "doc_x"),
        (("runs", "show", "nothing"), 2, "nothing"),
        (("fly",), 2, "fly"),
        (("connections", "add", "nothing"), 2, "nothing"),
        (("connections", "add", "acme", "--name", "b", "--set", "api_bsae=https://x.test"), 2, "api_base"),
        (("connections", "add", "acme", "--name", "b", "--secret", "api_key=hunter2"), 2, "@FILE"),
        (("connections", "add", "acme"), 2, "api_key"),
        (("connections", "set", "acme", "--schedule", "customers=*/61 * * * *"), 2, "61"),
        (("keys", "create", "--scope", "everything"), 2, "everything"),
        (("serve", "--port", "99999"), 2, "port"),
        (("documents", "list", "--org", "nobody"), 2, "nobody"),
        (("documents", "list", "--cursor", "x"), 2, "cursor"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(shared, words, code, expected, capsys, monkeypatch):
    """The message names the thing, in both voices."""
    for name, value in shared.env.items():
        monkeypatch.setenv(name, value)
    place = ["--data-dir", str(shared.data_dir)]
    assert run([*words, *place]) == code
    err = capsys.readouterr().err
    assert expected in err
    assert err.startswith("error: ")
    assert run([*words, "--json", *place]) == code
    body = json.loads(capsys.readouterr().out)
    assert body["ok"] is False
    assert body["result"] is None
    assert body["error"]["code"]
    assert expected in json.dumps(body["error"], ensure_ascii=False)


def test_a_data_directory_that_cannot_be_used_is_an_environment_error(tmp_path, site):
    """A file in its place, or nothing to read: exit code 3, and the way out."""
    site.data_dir = tmp_path / "file"
    site.data_dir.write_text("not a folder")
    for words in (("serve", "--port", "0"), ("documents", "list"), ("run", "acme", "customers")):
        ended = site.runtime(*words, code=3)
        assert str(site.data_dir) in ended.err
        assert "--data-dir" in ended.err
    site.data_dir = tmp_path / "nowhere"
    assert "no store" in site.runtime("documents", "list", code=3).err
    assert not site.data_dir.exists()


def test_a_damaged_store_is_an_environment_error(tmp_path, site):
    """What is no database is not written over."""
    site.data_dir = tmp_path / "damaged"
    site.data_dir.mkdir()
    (site.data_dir / "levada.db").write_bytes(b"not a database, and long enough to be looked at" * 100)
    ended = site.runtime("documents", "list", code=3)
    assert "cannot be opened" in ended.err
    assert (site.data_dir / "levada.db").read_bytes().startswith(b"not a database")


def test_a_source_that_cannot_be_reached_fails_the_run_by_its_reason(site, source):
    """A foreground run is tried once, and says what was wrong."""
    site.runtime("connections", "check", "acme")
    source.stop()
    ended = site.runtime("run", "acme", "customers", "--json", code=1)
    assert ended.json["ok"] is False
    assert ended.json["result"]["reason"] == "source_unavailable"
    assert ended.json["error"]["message"]
    site.runtime("connections", "check", "acme", code=3)


def test_refused_credentials_need_attention_and_are_not_tried_again(site, monkeypatch):
    """The connection is marked, its schedule rests, and a new secret brings it back."""
    site.env["WRONG"] = "not-the-key"
    site.runtime("connections", "set", "acme", "--secret", "api_key=env:WRONG")
    ended = site.runtime("run", "acme", "customers", "--json", code=1)
    assert ended.json["result"]["reason"] == "auth"
    assert "not-the-key" not in ended.out + ended.err
    assert site.json("connections", "show", "acme")["state"] == "needs_attention"
    site.runtime("connections", "check", "acme", code=1)
    site.runtime("connections", "set", "acme", "--secret", "api_key=env:ACME_KEY")
    site.runtime("connections", "check", "acme")
    assert site.json("connections", "show", "acme")["state"] == "active"


def test_the_commands_that_look_answer_in_both_voices(site):
    """A table for people, one JSON object for machines, under the words that were said."""
    for words in (
        ("connectors", "list"),
        ("connectors", "show", "acme"),
        ("connections", "list"),
        ("connections", "show", "acme"),
        ("documents", "list"),
        ("quarantine", "list"),
        ("runs", "list"),
        ("keys", "list"),
        ("orgs", "list"),
        ("db", "status"),
        ("doctor",),
        ("version",),
    ):
        assert site.runtime(*words).out.strip(), words
        body = site.runtime(*words, "--json").json
        assert set(body) == {"command", "ok", "result", "error"}
        assert body["ok"]
        named = [word for word in words if word != "acme"]
        assert body["command"] == " ".join(named)


def test_a_key_is_shown_once(site):
    """Creating prints it, listing never does."""
    key = site.json("keys", "create", "--name", "reader")["key"]
    assert key.startswith("lvd_")
    assert key not in site.runtime("keys", "list", "--json").out
    assert key.split("_", 3)[3] not in site.runtime("keys", "list").out
