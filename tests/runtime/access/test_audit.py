"""The audit log: who did what to what, in the transaction that did it, and never a secret."""

import json
import os
import pwd

import pytest

from levada import Manifest
from levada_runtime.access.audit import ACTIONS, AuditLog, note
from levada_runtime.access.connections import Connections
from levada_runtime.access.keys import Keys
from levada_runtime.access.org_secrets import OrgSecrets
from levada_runtime.access.orgs import Orgs
from levada_runtime.foundation.acting import acting_as, operator_here
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.errors import UsageFailure

SECRET = "sk-the-secret-itself"
MANIFEST = Manifest.model_validate(
    {
        "key": "acme",
        "title": "Acme",
        "version": "1.0",
        "hosts": [{"pattern": "api.acme.test"}],
        "settings": [
            {"name": "region", "kind": "text", "required": False},
            {"name": "api_key", "kind": "secret", "required": False},
        ],
        "streams": [],
    }
)


@pytest.fixture
def org(store, clock):
    return Orgs(store, clock).ensure_default()


@pytest.fixture
def log(store):
    return AuditLog(store)


def told(log, org, **asked):
    """Return what the log tells, oldest first: who, what, to what."""
    items, _ = log.page(org, limit=100, **asked)
    return [(one["actor"], one["action"], one["subject"]) for one in reversed(items)]


def as_somebody(actor, deed):
    with acting_as(actor):
        return deed()


def test_a_deed_is_noted_with_who_did_it_and_when_and_without_the_secret(store, clock, org, log):
    """Settings and secrets are told by their names alone, wherever a value was given."""
    connections = Connections(store, clock, Keyring(["a"]))
    given = {"settings": {"region": "eu-7"}, "secrets": {"api_key": SECRET}}
    row = as_somebody("cli:ann@host", lambda: connections.add(org, MANIFEST, **given))
    as_somebody("key:11223344", lambda: connections.set(row, MANIFEST, settings={}, secrets={"api_key": SECRET + "2"}))
    as_somebody("cli:ann@host", lambda: connections.set_state(row, "paused"))
    OrgSecrets(store, clock, Keyring(["a"])).set(org, "hook", SECRET)
    items, _ = log.page(org, limit=10)
    assert [one["action"] for one in items] == ["secret.set", "connection.state", "connection.change", "connection.add"]
    assert [one["actor"] for one in items] == ["runtime", "cli:ann@host", "key:11223344", "cli:ann@host"]
    assert items[3]["details"] == {
        "connector": "acme",
        "settings": ["region"],
        "secrets": ["api_key"],
        "mode": "live",
        "recording": False,
    }
    assert items[1]["details"] == {"state": "paused", "before": "active"}
    assert {one["at"] for one in items} == {clock.now().isoformat()}
    said = json.dumps(items)
    assert SECRET not in said
    assert "eu-7" not in said


def test_what_was_not_done_is_not_noted(store, clock, org, log):
    """The note stands in the transaction of the deed: one that is undone leaves none."""

    def fails():
        with store.write() as uow:
            note(uow, org.id, clock.now(), "connection.remove", "acme")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with pytest.raises(UsageFailure):
        Keys(store, clock).issue(org, "x", ["no such scope"])
    assert told(log, org) == []


def test_a_slip_is_masked(store, clock, org, log):
    """Who gives a secret for a name has it masked, since this process has met it."""
    OrgSecrets(store, clock, Keyring(["a"])).set(org, "hook", SECRET)
    Keys(store, clock).issue(org, f"for {SECRET}", ["operate"])
    items, _ = log.page(org, action="key.issue", limit=10)
    assert SECRET not in json.dumps(items)


def test_the_log_is_asked_by_actor_action_subject_and_time_page_by_page(store, clock, org, log):
    """Each question narrows it; a kind of actions is asked for with a dot at its end."""
    for number in range(3):
        with store.write() as uow:
            note(uow, org.id, clock.now(), "pipeline.deploy", f"p{number}")
            note(uow, org.id, clock.now(), "pipeline.state", f"p{number}", state="paused")
        clock.pass_time(hours=1)
    as_somebody("key:1", lambda: Keys(store, clock).issue(org, "x", ["operate"]))
    assert len(told(log, org)) == 7
    assert {action for _, action, _ in told(log, org, action="pipeline.")} == {"pipeline.deploy", "pipeline.state"}
    assert told(log, org, action="pipeline.state", subject="p1") == [("runtime", "pipeline.state", "p1")]
    assert [one[1] for one in told(log, org, actor="key:1")] == ["key.issue"]
    assert [one[1] for one in told(log, org, since=clock.now())] == ["key.issue"]
    first, cursor = log.page(org, limit=4)
    rest, end = log.page(org, limit=4, cursor=cursor)
    assert (len(first), len(rest), end) == (4, 3, None)
    assert len({one["id"] for one in first + rest}) == 7
    for wrong in ({"action": "pipelines.deploy"}, {"cursor": "x"}):
        with pytest.raises(UsageFailure):
            log.page(org, limit=4, **wrong)


def test_another_organisation_sees_nothing_of_it(store, clock, org, log):
    """Each has its own log."""
    other = Orgs(store, clock).create("other")
    Keys(store, clock).issue(org, "x", ["operate"])
    assert [action for _, action, _ in told(log, other)] == ["org.create"]
    assert "org.create" not in [action for _, action, _ in told(log, org)]


def test_an_operator_at_the_command_line_is_the_user_of_the_process():
    """Whoever the operating system says it is, and on which machine; the environment has no say."""
    assert operator_here().startswith(f"cli:{pwd.getpwuid(os.getuid()).pw_name}@")


def test_an_action_is_a_noun_and_a_verb():
    """So that a kind of actions can be asked for; each is named once."""
    assert all(len(one.split(".")) == 2 for one in ACTIONS)
    assert sorted(set(ACTIONS)) == list(ACTIONS)
