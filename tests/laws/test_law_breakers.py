"""The suite can fail: real parts, each broken in one way, are caught by the law that they break.

The same laws hold of the parts as they are in `test_ingest_laws`.
"""

import hashlib
import itertools
from dataclasses import replace

import pytest
from msgspec import structs
from tests.laws.test_ingest_laws import RealBench

from levada._hashing import stored_payload
from levada.testing.ingest_suite import LAWS
from levada_runtime.ingest import admit, gates, page, service
from levada_runtime.ingest.decide import decide, without_version
from levada_runtime.ingest.model import Outcome
from levada_runtime.ingest.recognise import fingerprints, repeat_of
from levada_runtime.ingest.schemes import Schemes
from levada_runtime.ingest.service import Ingest
from levada_runtime.runs.pager import Pager
from levada_runtime.sandbox import results

SEED, EXAMPLES, HELD = 20_260_301, 60, 4
benches = itertools.count()


def a_wrong_dedupe(patch):
    """Whatever a document ever had counts as nothing new."""
    had = set()

    def wrong(arrival, known, document_id):
        decision = decide(arrival, known, document_id)
        place = decision.known.document_id, arrival.payload_hash
        if known is not None and place in had:
            return without_version(structs.replace(decision, outcome=Outcome.UNCHANGED), known)
        had.add(place)
        return decision

    patch.setattr(page, "decide", wrong)


def no_dedupe(patch):
    """The same payload again is a version of its own."""

    def wrong(arrival, known, document_id):
        return decide(arrival, known and structs.replace(known, payload_hash=b""), document_id)

    patch.setattr(page, "decide", wrong)
    patch.setattr(service, "repeat_of", lambda *_: None)


def a_lost_version(patch):
    """What comes late is dropped, as it is not in force anyway."""

    def wrong(arrival, known, document_id):
        decision = decide(arrival, known, document_id)
        return without_version(decision, known) if decision.superseded else decision

    patch.setattr(page, "decide", wrong)


def the_last_of_a_call(patch):
    """Of a key that comes twice in one call only the last payload is taken."""

    class Hasty(Ingest):
        def emit(self, call, stream, document_type, drafts, **how):
            last = {draft.idempotency_key: draft for draft in drafts}
            once = [last[draft.idempotency_key] if draft.idempotency_key else draft for draft in drafts]
            return super().emit(call, stream, document_type, once, **how)

    return {"new_ingest": Hasty}


def whoever_comes_last(patch):
    """An older record replaces a newer one."""

    def wrong(arrival, known, document_id):
        return decide(arrival, known and structs.replace(known, source_time=None), document_id)

    patch.setattr(page, "decide", wrong)


def a_checkpoint_ahead_of_its_page(patch):
    """The checkpoint is kept in a transaction of its own, before the page's."""

    class Ahead(Pager):
        def save(self, partition, values):
            with self._store.write() as uow:
                run = self.run
                uow.checkpoints.keep(
                    run.org_id, run.connection_id, run.stream, partition, values, run.id, self._clock.now()
                )
            self.commit_part()

    return {"new_pager": Ahead}


def a_page_in_two_transactions(patch):
    """The page is kept, and its checkpoint only after it."""

    class Behind(Pager):
        def save(self, partition, values):
            self.commit_part()
            super().save(partition, values)

    return {"new_pager": Behind}


def half_of_an_all_or_nothing_call(patch):
    """The valid records of a refused call are kept."""

    class Half(Ingest):
        def _take(self, state, document_type, *, whole):
            return super()._take(state, document_type, whole=False)

    return {"new_ingest": Half}


def a_hash_over_raw_spelling(patch):
    """Two spellings of one amount are two payloads."""
    patch.setattr(admit, "payload_digest", lambda model: hashlib.sha256(stored_payload(model).encode()).digest())


def recognition_by_the_beginning(patch):
    """A record is recognised by its first bytes."""

    def cut(draft):
        return draft._replace(payload=draft.payload and draft.payload[:24])

    patch.setattr(service, "fingerprints", lambda salt, drafts: fingerprints(salt, [cut(one) for one in drafts]))


def recognition_of_the_retired(patch):
    """A record is recognised though its document is gone."""

    def wrong(draft, fingerprint, known, *place):
        return repeat_of(draft, fingerprint, known and structs.replace(known, retired=False), *place)

    patch.setattr(service, "repeat_of", wrong)
    patch.setattr(page, "is_repeat", lambda repeat, known: known.fingerprint == repeat.fingerprint)


def recognition_of_what_was(patch):
    """A record is recognised by any version that its document had in this page."""
    seen = set()

    def wrong(draft, fingerprint, known, *place):
        before = known is not None and (known.document_id, fingerprint) in seen
        if known is not None:
            seen.add((known.document_id, known.fingerprint))
        return repeat_of(
            draft, fingerprint, structs.replace(known, fingerprint=fingerprint) if before else known, *place
        )

    patch.setattr(service, "repeat_of", wrong)
    patch.setattr(page, "is_repeat", lambda repeat, known: known is not None)


def keys_spelt_anew(patch):
    """Whatever is not known by its key is new."""
    patch.setattr(Schemes, "_holders", lambda *_: {})


def a_reason_of_its_own(patch):
    """A closed period is told in other words."""
    told = gates.refusal
    patch.setattr(gates, "refusal", lambda one, problem: replace(told(one, problem), reason="closed"))


def everything_may_be_sent_again(patch):
    """Every refusal asks for the record once more."""
    told = results.failed_records

    def wrong(answer, document_type):
        return [replace(one, retryable=True) for one in told(answer, document_type)]

    patch.setattr(results, "failed_records", wrong)


def nothing_of_what_is_not_json(patch):
    """What is no JSON spoils its neighbours."""

    class Spoilt(Ingest):
        def emit(self, call, stream, document_type, drafts, **how):
            spoilt = next((one.failure for one in drafts if one.failure and one.failure.reason == "not_json"), None)
            drafts = [one._replace(failure=one.failure or spoilt) for one in drafts]
            return super().emit(call, stream, document_type, drafts, **how)

    return {"new_ingest": Spoilt}


BREAKERS = [
    (a_wrong_dedupe, 1, {2, 4, 5, 6, 7}),
    (no_dedupe, 1, {2, 3, 4, 5, 6, 7}),
    (a_lost_version, 6, set()),
    (the_last_of_a_call, 4, {1, 5}),
    (whoever_comes_last, 6, set()),
    (a_checkpoint_ahead_of_its_page, 5, set()),
    (a_page_in_two_transactions, 5, set()),
    (half_of_an_all_or_nothing_call, 3, {7}),
    (a_hash_over_raw_spelling, 2, set()),
    (recognition_by_the_beginning, 1, {2, 4, 5, 6}),
    (recognition_of_the_retired, 6, {5}),
    (recognition_of_what_was, 1, {2, 4, 5, 6}),
    (keys_spelt_anew, 7, {8}),
    (a_reason_of_its_own, 8, set()),
    (everything_may_be_sent_again, 8, {3, 7}),
    (nothing_of_what_is_not_json, 9, {8}),
]
"""Each with the law that it breaks, and others that cannot hold either where that one does not."""


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(("breaker", "number", "others"), BREAKERS, ids=[one[0].__name__ for one in BREAKERS])
def test_whatever_breaks_a_law_is_caught_by_it(store, monkeypatch, breaker, number, others):
    """The law that is broken fails, and those that the break does not touch still hold."""
    parts = breaker(monkeypatch) or {}

    def bench():
        return RealBench(store, next(benches), **parts)

    broken = LAWS[number - 1]
    assert broken.number == number
    with pytest.raises(AssertionError) as caught:
        broken.hold(bench, seed=SEED, examples=EXAMPLES, shrink=False)
    assert caught.value.__notes__[-1] == f"{broken}: broken, with the seed {SEED}"
    for law in LAWS:
        if law.number not in {number, *others}:
            law.hold(bench, seed=SEED, examples=HELD)
