"""Deliveries and pipelines as an operator handles them: found, shown, sent again, and nobody else's."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import spell_delivery
from levada_runtime.pipeline.deliveries import read_moment
from levada_runtime.pipeline.problems import PipelineRefused

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def people(*names):
    return [{"email": name} for name in names]


def dead(plant, hook, receiver, *names, name="forward"):
    """Make a dead letter for each name."""
    receiver.answers = [400] * len(names)
    plant.deploy(hook(name))
    plant.send(*people(*names))
    plant.work()


def test_deliveries_are_listed_newest_first_by_state_and_pipeline(plant, hook, receiver):
    """A page at a time, each with where it goes and why it is not there."""
    dead(plant, hook, receiver, "a", "b", "c")
    receiver.answers = []
    plant.deploy(hook("second"))
    plant.send({"email": "d"})
    plant.work()
    page = plant.deliveries.page(plant.org, limit=2)
    rest = plant.deliveries.page(plant.org, limit=10, cursor=page.cursor)
    assert [one["pipeline"] for one in page.items + rest.items] == [
        "second",
        "forward",
        "forward",
        "forward",
        "forward",
    ]
    assert rest.cursor is None
    found = plant.deliveries.page(plant.org, state="dead", pipeline="forward", limit=10).items
    assert [one["reason"] for one in found] == ["it answered 400"] * 3
    assert {one["target"] for one in found} == {f"{receiver.url}/forward"}
    assert plant.deliveries.page(plant.org, state="dead", pipeline="second", limit=10).items == []
    with pytest.raises(UsageFailure, match="there is no state 'died'"):
        plant.deliveries.page(plant.org, state="died", limit=10)


def test_a_delivery_is_shown_with_its_body_and_every_attempt(plant, hook, receiver):
    """What was sent, when, how long it took and what was answered."""
    receiver.answers = [(422, {}, b"email?")]
    plant.deploy(hook())
    plant.send(*people("a"))
    plant.work()
    shown = plant.show()
    assert shown["body"] == {"email": "a"}
    (attempt,) = shown["history"]
    assert attempt == {
        "attempt": 1,
        "at": "2026-03-01T12:00:00+00:00",
        "status": 422,
        "latency_ms": attempt["latency_ms"],
        "excerpt": "email?",
        "error": "it answered 422",
    }
    assert attempt["latency_ms"] >= 0


def test_many_are_replayed_by_what_they_have_in_common_oldest_first(plant, hook, receiver):
    """By pipeline and by time; what was not asked for stays as it is."""
    dead(plant, hook, receiver, "a", "b")
    plant.clock.pass_time(hours=1)
    dead(plant, hook, receiver, "c", "d")
    plant.clock.pass_time(hours=1)
    receiver.requests.clear()
    since, until = NOW + timedelta(minutes=30), NOW + timedelta(hours=3)
    assert plant.deliveries.replay_many(plant.org, pipeline="other") == 0
    assert plant.deliveries.replay_many(plant.org, pipeline="forward", since=since, until=until) == 2
    assert plant.deliveries.replay_many(plant.org, since=since) == 0
    plant.work()
    assert [body["email"] for body in receiver.bodies()] == ["c", "d"]
    assert [row.state for row in plant.rows()] == ["dead", "dead", "delivered", "delivered"]
    assert plant.deliveries.replay_many(plant.org, until=since) == 2
    plant.work()
    assert [body["email"] for body in receiver.bodies()] == ["c", "d", "a", "b"]


def test_a_replay_of_hundreds_forgets_none(plant, hook, receiver):
    """They are taken a few at a time, each once."""
    plant.deploy("pipeline: log\nsources: [{ type: sdk.event }]\ndestinations: [{ log: { level: debug } }]\n")
    plant.send(*people(*map(str, range(450))))
    plant.work()
    assert plant.deliveries.replay_many(plant.org, states=["delivered"]) == 450
    plant.work()
    assert {(row.state, row.attempts) for row in plant.rows()} == {("delivered", 2)}


def test_what_is_under_way_is_not_sent_again(plant, hook, receiver):
    """It will arrive or die by itself; two at once would be out of order."""
    receiver.answers = [500]
    plant.deploy(hook())
    plant.send(*people("a"))
    plant.work()
    with pytest.raises(UsageFailure, match="is retrying"):
        plant.deliveries.replay(plant.org, plant.rows()[0].uid)
    with pytest.raises(UsageFailure, match="retrying: it is not sent again"):
        plant.deliveries.replay_many(plant.org, states=["retrying"])


def test_what_was_delivered_may_be_sent_again_under_its_id(plant, hook, receiver):
    """A receiver that lost it knows it by its id."""
    plant.deploy(hook())
    plant.send(*people("a"))
    plant.work()
    plant.deliveries.replay(plant.org, plant.rows()[0].uid)
    plant.work()
    assert receiver.ids() == [plant.rows()[0].uid] * 2
    assert [one["status"] for one in plant.show()["history"]] == [200, 200]


def test_another_organisation_sees_none_of_it(plant, hook, receiver):
    """Neither a delivery nor a pipeline, to read or to act on."""
    dead(plant, hook, receiver, "a")
    uid = plant.rows()[0].uid
    assert plant.deliveries.page(plant.other, limit=10).items == []
    assert plant.deliveries.replay_many(plant.other) == 0
    assert plant.pipelines.of(plant.other) == []
    for ask in (
        lambda: plant.deliveries.get(plant.other, uid),
        lambda: plant.deliveries.replay(plant.other, uid),
        lambda: plant.pipelines.get(plant.other, "forward"),
        lambda: plant.pipelines.pause(plant.other, "forward"),
    ):
        with pytest.raises(NotFoundFailure):
            ask()
    assert plant.show()["state"] == "dead"


@pytest.mark.parametrize("uid", ["", "msg_", "evt_0000000000000000000000001", spell_delivery(0, 1), "msg_" + "z" * 26])
def test_what_is_no_delivery_is_not_found(plant, uid):
    """Whatever it looks like."""
    with pytest.raises(NotFoundFailure):
        plant.deliveries.get(plant.org, uid)


def test_pipelines_are_listed_with_what_they_did(plant, hook, receiver):
    """Their text and versions are shown one at a time."""
    dead(plant, hook, receiver, "a")
    plant.deploy(hook("draft"), draft=True)
    draft, forward = plant.pipelines.of(plant.org)
    assert (draft["name"], draft["state"], forward["state"], forward["version"]) == ("draft", "draft", "active", 1)
    assert {"events": 1, "dead": 1, "delivered": 0}.items() <= forward["figures"].items()
    shown = plant.pipelines.get(plant.org, "forward")
    assert shown["definition"] == hook()
    assert shown["versions"] == [{"version": 1, "deployed_at": "2026-03-01T12:00:00+00:00"}]
    assert json.dumps(shown)


def test_a_text_that_is_wrong_is_not_deployed(plant, hook):
    """The version before runs on."""
    plant.deploy(hook())
    with pytest.raises(PipelineRefused):
        plant.deploy(hook().replace("webhook.out", "webhok.out"))
    assert plant.pipelines.get(plant.org, "forward")["version"] == 1


def test_what_runs_is_not_made_a_draft(plant, hook):
    """It would stop running, which is what pausing is for."""
    plant.deploy(hook())
    with pytest.raises(UsageFailure, match="cannot be a draft"):
        plant.deploy(hook() + "\n", draft=True)
    plant.deploy(hook("other"), draft=True)
    with pytest.raises(UsageFailure, match="does not run"):
        plant.pipelines.pause(plant.org, "other")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("12h", NOW - timedelta(hours=12)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-02-28T12:00:00Z", NOW - timedelta(days=1)),
        ("2026-02-28T13:00:00+01:00", NOW - timedelta(days=1)),
    ],
)
def test_a_moment_is_read_as_a_time_or_as_how_long_ago(text, moment):
    """As an operator writes it."""
    assert read_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "d", "7", "-7d", "7w", "2026-02-28T12:00:00", "9999999999d", "²d"])
def test_what_is_no_moment_is_refused_with_an_example(text):
    """Neither is a time without its zone."""
    with pytest.raises(UsageFailure, match="is no moment"):
        read_moment(text, NOW)
