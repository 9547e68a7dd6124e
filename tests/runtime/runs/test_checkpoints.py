"""Checkpoints in an operator's hands: what a real run saved is looked at, set and taken away."""

import pytest

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.runs.foreground import Foreground


@pytest.fixture
def acme(installation):
    return installation.connections.get(installation.org, "acme")


def run(installation, acme) -> tuple[dict[str, int], dict]:
    """Run the customers, and return the counts and the saved checkpoint."""
    foreground: Foreground = installation.foreground
    ended = foreground.run(acme, "customers", lambda _run: None, lambda: None)
    assert ended.state in ("succeeded", "partial"), ended.error
    counted = installation.run_library.run(installation.org, ended.id)["counts"]
    return counted, installation.stream_states.get(acme, "customers")


def test_a_stream_goes_on_from_what_is_set_and_begins_anew_once_it_is_reset(installation, acme):
    """A reset reads everything again and changes nothing; a checkpoint of one's own is where the next run goes on."""
    states, org = installation.stream_states, installation.org
    assert states.get(acme, "customers")["checkpoint"] is None
    first, saved = run(installation, acme)
    assert first["created"] > 0
    assert saved["checkpoint"]
    assert saved["partitions"][0]["run"] is not None
    again, _ = run(installation, acme)
    assert again["unchanged"] < first["created"], "it goes on from its checkpoint"

    gone = states.reset(org, acme, "customers")
    assert (gone["removed"], gone["checkpoint"]) == (1, None)
    anew, back = run(installation, acme)
    assert (anew["created"], anew["unchanged"]) == (0, first["created"])
    assert back["checkpoint"] == saved["checkpoint"]

    states.reset(org, acme, "customers")
    view = states.set(org, acme, "customers", saved["checkpoint"])
    assert (view["checkpoint"], view["partitions"][0]["run"]) == (saved["checkpoint"], None)
    onward, _ = run(installation, acme)
    assert (onward["created"], onward["unchanged"]) == (again["created"], again["unchanged"])


def test_no_checkpoint_is_moved_under_a_run(installation, acme):
    """Whoever runs would overwrite it with its next page; a run that only waits takes it as it finds it."""
    states, org = installation.stream_states, installation.org
    installation.queue.by_hand(acme, "customers")
    states.set(org, acme, "customers", {"since": 1})
    token = installation.work.claim_next(acme.org_id, acme.id, "stream:customers")
    assert token is not None
    for move in (lambda: states.set(org, acme, "customers", {}), lambda: states.reset(org, acme, "customers")):
        with pytest.raises(UsageFailure) as refused:
            move()
        assert refused.value.code == "stream_running"
    installation.work.free(token)
    assert states.reset(org, acme, "customers")["removed"] == 1


def test_what_webhooks_keep_is_not_what_polls_keep(installation, acme):
    """Each way that a stream is served has a checkpoint of its own; one by which it is not served has none."""
    with pytest.raises(UsageFailure) as refused:
        installation.stream_states.get(acme, "customers", "webhook")
    assert refused.value.code == "unknown_stream"
    with pytest.raises(UsageFailure):
        installation.stream_states.get(acme, "nothing")


def test_one_partition_is_set_and_reset_by_itself(installation, acme):
    """The others stay."""
    states, org = installation.stream_states, installation.org
    states.set(org, acme, "customers", {"page": 1}, partition="north")
    states.set(org, acme, "customers", {"page": 2}, partition="south")
    assert states.reset(org, acme, "customers", partition="north")["removed"] == 1
    assert [one["partition"] for one in states.get(acme, "customers")["partitions"]] == ["south"]
    with pytest.raises(UsageFailure) as refused:
        states.set(org, acme, "customers", {"much": "x" * (1 << 20)})
    assert refused.value.code == "invalid_checkpoint"
