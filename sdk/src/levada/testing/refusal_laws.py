"""Laws 7 to 9 of ingest as properties: what is refused, by which reason, and that nothing else is."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from levada.errors import BatchRejected
from levada.testing.ingest_bench import CUSTOMER, Benches, IngestBench, customer, key_of, new_key_of
from levada.testing.laws import Law

REASONS = frozenset(
    {
        "validation_failed", "unknown_document_type", "idempotency_key_missing", "idempotency_scheme_changed",
        "payload_too_large", "not_json", "period_closed", "store_unavailable",
    }
)  # fmt: skip
"""Every reason that there is."""
RETRYABLE = frozenset({"store_unavailable"})
SCHEME = "idempotency_scheme_changed"


@dataclass(frozen=True)
class _Respelling:
    """Customers that are known by old keys, and a call in which some come under new ones."""

    known: set[int]
    retired: set[int]
    committed: bool
    accepted: bool
    asked: list[int]
    elsewhere: bool
    """Whether the call is of another stream."""
    fixed: bool
    """Whether its source id is one string for all, which is known already."""
    continuing: bool

    @property
    def respelt(self) -> list[int]:
        """The customers of the call that come under another key than they are known by."""
        return [] if self.elsewhere or self.fixed else [number for number in self.asked if number in self.known]

    @property
    def taken_over(self) -> list[int]:
        return self.respelt if self.committed and self.accepted else []

    @property
    def refused(self) -> list[int]:
        return [] if self.taken_over else self.respelt


_numbers = st.sets(st.integers(1, 4), max_size=4)
_respellings = st.builds(
    _Respelling,
    known=_numbers.filter(bool),
    retired=_numbers,
    committed=st.booleans(),
    accepted=st.booleans(),
    asked=st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True),
    elsewhere=st.sampled_from([False, False, True]),
    fixed=st.sampled_from([False, False, True]),
    continuing=st.booleans(),
)


def keys_are_never_spelt_anew(benches: Benches, drawn: _Respelling) -> None:
    """Hold law 7: what is known under another key is refused with both, or, once accepted, goes on under the new."""
    bench = benches()
    ids = _known_first(bench, drawn)
    kept: dict[str, str | None] = {key_of({"customer_id": number}): document_id for number, document_id in ids.items()}
    results = _come_anew(bench, drawn)
    bench.commit_page()
    assert (results is None) == (not drawn.continuing and bool(drawn.refused))
    if results is not None:
        come = [number for number in drawn.asked if number not in drawn.refused]
        assert [drawn.asked[result.index] for result in results] == come
        for number, result in zip(come, results, strict=True):
            kept[new_key_of({"customer_id": number})] = result.document_id
            if number in drawn.taken_over:
                revived = number in drawn.retired
                assert (result.outcome, result.document_id) == ("updated" if revived else "unchanged", ids[number])
                del kept[key_of({"customer_id": number})]
            else:
                assert (result.outcome, result.document_id in ids.values()) == ("created", False)
    gone = {key_of({"customer_id": number}) for number in drawn.retired & drawn.known}
    assert set(bench.documents()) == set(kept) - gone
    assert set(bench.quarantined()) == ({SCHEME} if drawn.refused else set())


def _known_first(bench: IngestBench, drawn: _Respelling) -> dict[int, str | None]:
    known = sorted(drawn.known)
    results = bench.ingest.batch(CUSTOMER, [customer(number) for number in known], idempotency_key=key_of).results
    for number in drawn.retired & drawn.known:
        bench.ingest.retire(CUSTOMER, idempotency_key=key_of({"customer_id": number}))
    if drawn.committed:
        bench.commit_page()
    if drawn.accepted:
        bench.accept_scheme(CUSTOMER)
    return {number: result.document_id for number, result in zip(known, results, strict=True)}


def _come_anew(bench: IngestBench, drawn: _Respelling) -> Any:
    """Return the results of the call, None when it was refused as a whole."""
    try:
        batch = bench.ingest.batch(
            CUSTOMER,
            [customer(number) for number in drawn.asked],
            idempotency_key=new_key_of,
            source_id=str(min(drawn.known)) if drawn.fixed else None,
            stream=bench.other_stream if drawn.elsewhere else None,
            continue_on_error=drawn.continuing,
        )
    except BatchRejected as refused:
        failed, results = list(refused.failed_records), None
    else:
        failed, results = list(batch.failed_records), batch.results
    assert [drawn.asked[one.index] for one in failed] == drawn.refused
    for number, one in zip(drawn.refused, failed, strict=True):
        assert one.reason == SCHEME
        for told in (key_of, new_key_of):
            assert told({"customer_id": number}) in one.message
        assert "accept-scheme" in one.message
    return results


_FAULTS = {
    "invalid": "validation_failed",
    "keyless": "idempotency_key_missing",
    "not_json": "not_json",
    "closed": "period_closed",
    "respelt": SCHEME,
}


def _faulty(number: int, fault: str | None) -> dict[str, Any]:
    match fault:
        case "invalid":
            return customer(number, naem="Ada")
        case "not_json":
            return customer(number, metadata={"odd": float("nan")})
    return customer(number, name="Ada")


def reasons_are_a_closed_set(benches: Benches, drawn: tuple[list[str | None], str]) -> None:
    """Hold law 8: what fails says why in a known word, and fails alone; only a lost store asks for it again."""
    faults, call = drawn
    bench = benches()
    for number, fault in enumerate(faults):
        if fault == "respelt":
            bench.ingest.canonical(CUSTOMER, customer(number), idempotency_key=new_key_of)
    bench.commit_page()
    before = len(bench.documents())
    bench.close_period(*(f"key {number}" for number, fault in enumerate(faults) if fault == "closed"))
    payloads = [_faulty(number, fault) for number, fault in enumerate(faults)]
    if call == "lost":
        with bench.lose_store():
            expected = dict.fromkeys(range(len(faults)), "store_unavailable")
            _fail(bench, CUSTOMER, [customer(number) for number in range(len(faults))], [], expected)
    elif call == "misspelt":
        _fail(bench, "custmer", payloads, faults, dict.fromkeys(range(len(faults)), "unknown_document_type"))
    expected = {place: _FAULTS[fault] for place, fault in enumerate(faults) if fault}
    _fail(bench, CUSTOMER, payloads, faults, expected)
    bench.commit_page()
    assert len(bench.documents()) - before == len(faults) - len(expected)


def _fail(
    bench: IngestBench, document_type: str, payloads: list[Any], faults: list[str | None], expected: dict[int, str]
) -> None:
    keyless = {place for place, fault in enumerate(faults) if fault == "keyless"}
    batch = bench.ingest.batch(
        document_type,
        payloads,
        idempotency_key=lambda _, index: None if index in keyless else f"key {index}",
        continue_on_error=True,
    )
    told = {one.index: one.reason for one in batch.failed_records}
    assert set(told.values()) <= REASONS
    assert document_type != CUSTOMER or told == expected
    assert [one.index for one in batch.results] == [place for place in range(len(payloads)) if place not in told]
    for one in batch.failed_records:
        assert one.retryable == (one.reason in RETRYABLE)
        assert one.message


_NOT_JSON = (float("nan"), float("-inf"), "\ud800", 2**70, -(2**70), b"bytes", {1, 2}, {1: "one"}, {"\udfff": 1}, 1j)
_steps = st.lists(st.sampled_from(["a", "b"]) | st.integers(0, 2), max_size=4)


@st.composite
def _odd(draw: DrawFn) -> tuple[Any, str]:
    """Draw metadata with a value in it that is no JSON, and the path of that value."""
    value, path = draw(st.sampled_from(_NOT_JSON)), ""
    for step in draw(_steps):
        value = {step: value, "z": 1} if isinstance(step, str) else [*([0] * step), value]
        path = (f".{step}" if isinstance(step, str) else f"[{step}]") + path
    return {"odd": value}, f"metadata.odd{path}"


def what_is_not_json_fails_alone(benches: Benches, drawn: list[tuple[Any, str] | None]) -> None:
    """Hold law 9: a record that is no JSON fails with the path of what is not, and its neighbours are kept."""
    bench = benches()
    payloads = [customer(number, metadata=odd[0] if odd else {"even": 1}) for number, odd in enumerate(drawn)]
    batch = bench.ingest.batch(CUSTOMER, payloads, idempotency_key=key_of, continue_on_error=True)
    bench.commit_page()
    wrong = {place: odd[1] for place, odd in enumerate(drawn) if odd is not None}
    assert {one.index: one.reason for one in batch.failed_records} == dict.fromkeys(wrong, "not_json")
    for one in batch.failed_records:
        assert wrong[one.index] in (one.errors[0].path or one.message), (one.errors, wrong[one.index])
    assert set(bench.documents()) == {key_of(payload) for place, payload in enumerate(payloads) if place not in wrong}
    assert len(bench.quarantined()) == len(wrong)


LAST_LAWS = (
    Law(7, "keys are never spelt anew", keys_are_never_spelt_anew, _respellings),
    Law(
        8,
        "reasons are a closed set",
        reasons_are_a_closed_set,
        st.tuples(
            st.lists(st.none() | st.sampled_from(sorted(_FAULTS)), min_size=1, max_size=6),
            st.sampled_from(["plain", "plain", "lost", "misspelt"]),
        ),
    ),
    Law(
        9,
        "what is not JSON fails alone",
        what_is_not_json_fails_alone,
        st.lists(st.none() | _odd(), min_size=1, max_size=5),
    ),
)
