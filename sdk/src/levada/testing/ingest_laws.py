"""Laws 1 to 6 of ingest as properties: what documents, versions and events come of whatever a source tells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

from levada.errors import BatchRejected
from levada.testing.ingest_bench import CUSTOMER, Benches, IngestBench, customer, key_of, take
from levada.testing.laws import Law
from levada.testing.spellings import Payload, spellings

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Said = tuple[int, str]
"""The number of a customer, and its name."""
Call = list[Said]

_said = st.tuples(st.integers(1, 3), st.sampled_from("ABC"))
_calls = st.lists(_said, min_size=1, max_size=5)
_histories = st.lists(st.lists(_calls, min_size=1, max_size=2), min_size=1, max_size=3)


def one_document_for_each_key(benches: Benches, history: list[list[Call]]) -> None:
    """Hold law 1: the same key and hash write nothing, a new hash is a version of the same document."""
    beside, bench = benches(), benches()
    take(beside, customer(1))
    beside.commit_page()
    seen: dict[int, list[tuple[str, Any]]] = {}
    for page in history:
        for call in page:
            payloads = [customer(number, name=name) for number, name in call]
            results = bench.ingest.batch(CUSTOMER, payloads, idempotency_key=key_of).results
            for (number, name), result in zip(call, results, strict=True):
                _follows(seen.setdefault(number, []), name, result)
        bench.commit_page()
        assert _names(bench) == {number: told[-1][0] for number, told in seen.items()}
    assert {number: len(bench.versions(_key(number))) for number in seen} == _counts(seen)
    assert len(bench.events()) == sum(_counts(seen).values())
    ids = {told[0][1].document_id for told in seen.values()}
    assert len(ids) == len(seen)
    other = bench.ingest.canonical("vendor", {"source_id": "1", "name": "V"}, idempotency_key=_key(history[0][0][0][0]))
    assert (other.outcome, other.document_id in ids) == ("created", False)
    assert (len(beside.versions(_key(1))), len(beside.events())) == (1, 1)


def _follows(told: list[tuple[str, Any]], name: str, result: Any) -> None:
    before = told[-1] if told else None
    if before is None:
        assert result.outcome == "created"
    elif before[0] == name:
        assert result.outcome == "unchanged"
        assert result.document_version_id == before[1].document_version_id
    else:
        assert result.outcome == "updated"
        assert result.document_version_id not in [one.document_version_id for _, one in told]
    if before is not None:
        assert result.document_id == before[1].document_id
        assert (result.payload_hash == before[1].payload_hash) == (name == before[0])
    if before is None or before[0] != name:
        told.append((name, result))


def _counts(seen: dict[int, list[tuple[str, Any]]]) -> dict[int, int]:
    return {number: len(told) for number, told in seen.items()}


def one_hash_for_every_spelling(benches: Benches, drawn: tuple[Payload, Payload, Payload]) -> None:
    """Hold law 2: the hash is over the normal form, the spelling first seen stays, A, B and A are three versions."""
    one, other, changed = drawn
    bench = benches()
    first = _alone(bench, one)
    kept = bench.documents()
    again = _alone(bench, other)
    assert (again.outcome, again.payload_hash) == ("unchanged", first.payload_hash)
    assert bench.documents() == kept
    assert kept[_key(1)]["balance"] == one["balance"]
    moved = _alone(bench, changed)
    assert moved.outcome == "updated"
    assert moved.payload_hash != first.payload_hash
    back = _alone(bench, other)
    assert (back.outcome, back.payload_hash) == ("updated", first.payload_hash)
    assert len(bench.versions(_key(1))) == 3


def _alone(bench: IngestBench, payload: Payload) -> Any:
    result = bench.ingest.canonical(CUSTOMER, payload, idempotency_key=key_of)
    bench.commit_page()
    return result


_FAULTS = ("name", "balance", "field", "key")


def _with_fault(number: int, fault: str | None) -> Payload:
    match fault:
        case "name":
            return customer(number, name=None)
        case "balance":
            return customer(number, balance=1.5)
        case "field":
            return customer(number, naem="Ada")
        case "key":
            return {"name": f"Customer {number}"}
    return customer(number)


def all_or_nothing(benches: Benches, drawn: tuple[list[str | None], bool]) -> None:
    """Hold law 3: one invalid record keeps a whole call out, or, continuing, itself alone."""
    faults, continuing = drawn
    bench = benches()
    wrong = [place for place, fault in enumerate(faults) if fault]
    valid = [place for place, fault in enumerate(faults) if not fault]
    payloads = [_with_fault(place + 1, fault) for place, fault in enumerate(faults)]
    take(bench, customer(99))
    try:
        batch = bench.ingest.batch(CUSTOMER, payloads, idempotency_key=key_of, continue_on_error=continuing)
    except BatchRejected as refused:
        assert wrong
        assert not continuing
        failed, kept = list(refused.failed_records), []
    else:
        assert continuing or not wrong
        failed, kept = list(batch.failed_records), valid
        assert [one.index for one in batch.results] == kept
        assert (batch.count, batch.imported, batch.failed) == (len(faults), len(kept), len(wrong))
    assert [one.index for one in failed] == wrong
    bench.commit_page()
    assert _numbers(bench) == {99, *(place + 1 for place in kept)}
    assert len(bench.events()) == 1 + len(kept)
    assert len(bench.quarantined()) == len(wrong)
    mended = take(bench, *(customer(place + 1) for place in valid))
    assert mended == (["unchanged"] if kept else ["created"]) * len(valid)


def successive_versions_within_a_call(benches: Benches, call: Call) -> None:
    """Hold law 4: in one call a key's equal payloads collapse, its different ones make versions in order."""
    together, apart = benches(), benches()
    payloads = [customer(number, name=name) for number, name in call]
    outcomes = take(together, *payloads)
    together.commit_page()
    assert outcomes == [take(apart, payload)[0] for payload in payloads]
    apart.commit_page()
    assert together.events() == apart.events()
    for number in {number for number, _ in call}:
        names = [name for other, name in call if other == number]
        expected = [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]
        for bench in (together, apart):
            assert [one["name"] for one in bench.versions(_key(number))] == expected


@dataclass
class _Source:
    """What must be there after pages of which some were lost."""

    names: dict[int, list[str]] = field(default_factory=dict)
    retired: set[int] = field(default_factory=set)
    events: list[tuple[str, str]] = field(default_factory=list)
    checkpoint: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> "_Source":
        names = {number: list(names) for number, names in self.names.items()}
        return _Source(names, set(self.retired), list(self.events), dict(self.checkpoint))

    def say(self, number: int, name: str) -> str:
        names = self.names.setdefault(number, [])
        outcome = "created" if not names else "updated"
        if names and names[-1] == name and number not in self.retired:
            return "unchanged"
        if not names or names[-1] != name:
            names.append(name)
        self.retired.discard(number)
        self.events.append((f"document.{outcome}", _key(number)))
        return outcome

    def retire(self, number: int) -> str:
        if number not in self.names or number in self.retired:
            return "unchanged"
        self.retired.add(number)
        self.events.append(("document.retired", _key(number)))
        return "retired"


Ending = Literal["commit", "drop"] | int
_pages = st.lists(
    st.tuples(
        st.lists(_said, max_size=4),
        st.none() | st.integers(1, 2),
        st.sampled_from(["commit", "drop"]) | st.integers(0, 25),
    ),
    min_size=1,
    max_size=4,
)


def a_page_and_its_checkpoint_together(benches: Benches, pages: list[tuple[Call, int | None, Ending]]) -> None:
    """Hold law 5: records, events and checkpoint of a page are all there or none, wherever its commit is cut off."""
    bench, there = benches(), _Source()
    for since, (call, gone, ending) in enumerate(pages):
        page = there.copy()
        payloads = [customer(number, name=name) for number, name in call]
        assert take(bench, *payloads) == [page.say(*said) for said in call]
        if gone is not None:
            result = bench.ingest.retire(CUSTOMER, idempotency_key=_key(gone))
            assert result.outcome == page.retire(gone)
        page.checkpoint = {"since": since}
        if _kept(bench, ending, since):
            there = page
        assert _state(bench, there.names) == there


def _kept(bench: IngestBench, ending: Ending, since: int) -> bool:
    if isinstance(ending, int):
        return not bench.break_commit(ending, since=since)
    if ending == "drop":
        bench.drop_page()
        return False
    bench.commit_page(since=since)
    return True


def _state(bench: IngestBench, numbers: dict[int, list[str]]) -> _Source:
    names = {number: [one["name"] for one in bench.versions(_key(number))] for number in numbers}
    retired = set(numbers) - _numbers(bench)
    return _Source(names, retired, list(bench.events()), dict(bench.checkpoint()))


@dataclass(frozen=True)
class _Word:
    """What a source tells of its one customer: a name, or that it is gone; at an hour, or without a time."""

    name: str | None
    hour: int | None
    ends_page: bool


_words = st.lists(
    st.builds(_Word, st.sampled_from(["A", "A", "B", "C", None]), st.none() | st.integers(1, 6), st.booleans()),
    min_size=1,
    max_size=8,
)


@dataclass
class _Newest:
    """One document as the newest word leaves it."""

    named: bool
    """Whether the contract's own field tells the time, so that it is a part of the payload."""
    latest: int | None = None
    versions: list[Any] = field(default_factory=list)
    current: Any = None
    gone: bool = False

    def hear(self, word: _Word) -> tuple[str, bool]:
        """Take a word; return the outcome, and whether it was told as superseded."""
        older = bool(self.versions and word.hour and self.latest and word.hour < self.latest)
        if word.name is None and (older or not self.versions):
            return "unchanged", older and not self.gone
        if not older:
            self.latest = word.hour or self.latest
        if word.name is None:
            outcome, self.gone = "unchanged" if self.gone else "retired", True
            return outcome, False
        return self._read((word.name, word.hour) if self.named else word.name, older=older), older

    def _read(self, payload: Any, *, older: bool) -> str:
        new = payload not in self.versions if older else payload != self.current
        outcome = "updated" if self.versions else "created"
        if new:
            self.versions.append(payload)
        if older or (not new and not self.gone):
            return "unchanged"
        self.current, self.gone = payload, False
        return outcome


def the_newest_is_in_force(benches: Benches, drawn: tuple[list[_Word], bool]) -> None:
    """Hold law 6: an older record becomes a version and never the current one, in whatever order they come."""
    words, named = drawn
    bench, newest = benches(), _Newest(named)
    for word in words:
        result = _tell(bench, word, named=named)
        assert (result.outcome, result.provenance.get("superseded", False)) == newest.hear(word), word
        if word.ends_page:
            bench.commit_page()
    bench.commit_page()
    versions = [one["name"] for one in bench.versions(_key(1))] if newest.versions else []
    assert versions == [one[0] if named else one for one in newest.versions]
    current = None if newest.gone else newest.current
    assert _names(bench) == ({} if current is None else {1: current[0] if named else current})
    if all(word.name and word.hour for word in words) and len({word.hour for word in words}) == len(words):
        _comes_to_the_same(benches(), bench, words[::-1], named=named)


def _comes_to_the_same(bench: IngestBench, other: IngestBench, words: Sequence[_Word], *, named: bool) -> None:
    for word in words:
        _tell(bench, word, named=named)
    bench.commit_page()
    assert _names(bench) == _names(other)


def _tell(bench: IngestBench, word: _Word, *, named: bool) -> Any:
    moment = None if word.hour is None else NOON + timedelta(hours=word.hour)
    if word.name is None:
        return bench.ingest.retire(CUSTOMER, idempotency_key=_key(1), source_time=moment)
    if named:
        payload = customer(name=word.name, updated_at=moment.isoformat() if moment else None)
        return bench.ingest.canonical(CUSTOMER, payload, idempotency_key=key_of)
    return bench.ingest.canonical(CUSTOMER, customer(name=word.name), idempotency_key=key_of, source_time=moment)


def _key(number: int) -> str:
    return key_of({"customer_id": number})


def _names(bench: IngestBench) -> dict[int, str]:
    return {int(key.rpartition(":")[2]): payload["name"] for key, payload in bench.documents().items()}


def _numbers(bench: IngestBench) -> set[int]:
    return set(_names(bench))


FIRST_LAWS = (
    Law(1, "one document for each key", one_document_for_each_key, _histories),
    Law(2, "one hash for every spelling", one_hash_for_every_spelling, spellings()),
    Law(
        3,
        "all or nothing, or each alone",
        all_or_nothing,
        st.tuples(st.lists(st.none() | st.sampled_from(_FAULTS), min_size=1, max_size=6), st.booleans()),
    ),
    Law(
        4, "versions in order within a call", successive_versions_within_a_call, st.lists(_said, min_size=1, max_size=8)
    ),
    Law(5, "a page with its checkpoint or neither", a_page_and_its_checkpoint_together, _pages),
    Law(6, "the newest is in force", the_newest_is_in_force, st.tuples(_words, st.booleans())),
)
