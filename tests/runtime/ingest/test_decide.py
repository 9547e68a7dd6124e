"""What an arriving record does to a document, case by case."""

from levada_runtime.ingest.decide import decide, decide_retirement
from levada_runtime.ingest.model import Arrival, Outcome, Retirement
from levada_runtime.store.model import Known

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32


def arrival(payload_hash, source_time=None):
    return Arrival(0, "s", "customer", 1, "k", "1", source_time, "{}", payload_hash)


def retirement(source_time=None):
    return Retirement(0, "s", "customer", "k", source_time)


def known(payload_hash, version=1, versions=None, source_time=None, retired=False):
    return Known(7, version, versions or version, payload_hash, source_time, retired)


def test_a_new_key_makes_the_first_version():
    """A document that was not there takes the id it was offered."""
    found = decide(arrival(A, 5), None, 42)
    assert found.outcome is Outcome.CREATED
    assert found.new_version == 1
    assert found.known == Known(42, 1, 1, A, 5, retired=False, source_id="1")


def test_the_same_payload_changes_nothing():
    """No version is written and the document's row stays."""
    before = known(A)
    found = decide(arrival(A), before, 42)
    assert (found.outcome, found.new_version, found.moved) == (Outcome.UNCHANGED, None, False)
    assert found.known is before


def test_a_new_payload_makes_the_next_version():
    """The same document goes on, under the id it has."""
    found = decide(arrival(B), known(A), 42)
    assert (found.outcome, found.new_version, found.moved) == (Outcome.UPDATED, 2, True)
    assert found.known == Known(7, 2, 2, B, None, retired=False, source_id="1")


def test_a_payload_that_returns_makes_a_third_version():
    """Only the current version is compared with: A, B, A is three versions."""
    second = decide(arrival(B), known(A), 42).known
    third = decide(arrival(A), second, 42)
    assert (third.outcome, third.new_version) == (Outcome.UPDATED, 3)


def test_an_older_record_never_replaces_a_newer_one():
    """It is kept as a version, and the current one stays."""
    found = decide(arrival(B, 5), known(A, source_time=9), 42)
    assert (found.outcome, found.superseded, found.new_version) == (Outcome.UNCHANGED, True, 2)
    assert found.known == Known(7, 1, 2, A, 9, retired=False)


def test_after_a_superseded_version_the_next_number_is_free():
    """Version numbers are never given twice."""
    after = decide(arrival(B, 5), known(A, source_time=9), 42).known
    found = decide(arrival(C, 10), after, 42)
    assert (found.new_version, found.known.version, found.known.versions) == (3, 3, 3)


def test_a_retired_document_is_revived_by_its_key():
    """The same payload revives without a new version, another one with."""
    gone = decide_retirement(retirement(), known(A))
    assert (gone.outcome, gone.known.retired) == (Outcome.RETIRED, True)
    same = decide(arrival(A), gone.known, 42)
    assert (same.outcome, same.new_version, same.known.retired, same.moved) == (Outcome.UPDATED, None, False, True)
    other = decide(arrival(B), gone.known, 42)
    assert (other.outcome, other.new_version, other.known.retired) == (Outcome.UPDATED, 2, False)


def test_retiring_what_is_unknown_or_gone_changes_nothing():
    """A source may say it twice, and of things it never sent."""
    assert decide_retirement(retirement(), None).outcome is Outcome.UNCHANGED
    assert not decide_retirement(retirement(), known(A, retired=True)).moved


def test_an_older_retirement_does_not_retire_a_newer_document():
    """Polls and webhooks may race."""
    found = decide_retirement(retirement(5), known(A, source_time=9))
    assert (found.outcome, found.superseded, found.moved) == (Outcome.UNCHANGED, True, False)


def test_a_record_from_before_the_retirement_does_not_revive():
    """What was read before the deletion arrives after it, and changes nothing that counts."""
    gone = decide_retirement(retirement(9), known(A, source_time=3)).known
    assert decide(arrival(A, 5), gone, 42).known.retired
