"""The short way with a payload gives what the contract's model gives, or nothing: same text, same hash, same time."""

import copy
import json
from collections import Counter
from typing import Annotated, ClassVar

import hypothesis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, field_validator
from tests.payloads import FULL, SMALLEST

from levada.contracts import CONTRACTS, Contract, CustomerPayload, InvoicePayload, Moment, Money, Name
from levada.testing.laws import seed_of
from levada.testing.plugin import EXAMPLES, REPORT
from levada_runtime.contracts.express import express_of
from levada_runtime.contracts.validation import Invalid, validate
from levada_runtime.ingest.admit import _filled
from levada_runtime.ingest.model import Origin

UID = "11111111-1111-4111-8111-111111111111"
ORIGIN = Origin(
    org="default",
    org_id=1,
    connection="acme",
    connection_id=2,
    connection_uid=UID,
    connector="acme",
    connector_version="1",
    stream="s",
    run_id="r",
    attempt=1,
    mode="poll",
    scheduled_for=None,
)
SHORT = sorted(name for name, contract in CONTRACTS.items() if express_of(contract) is not None)
ODD = (
    None, "", "0", "-0", "-0.00", "007.10", "5.", ".5", "5.00\n", "1e3", "٣", "EUR", "eur", "XXX", "2026-01-31",
    "2026-02-30", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00+02:00", "2026-01-31t12:00:00z",
    "2026-W01-1T09:30:00Z", "2026-01-31T12:00:60Z", "2026-01-31T24:00:00Z", "0000-01-01T00:00:00Z", "1767225600",
    "debit", "open", "a\x00b", "\u2028", "\x7f", "é", "\U0001f600", '"\\/\b\f\n\r\t\x01', True, False, 0, 1, 1.0, -1,
    2**31, 2**64, 5.5, 1e400, [], {}, [None], ["a"], [{}], {"a": 1}, [{"a": "b", "A": "0"}], {"line1": "x"},
    [{"line_number": 1.0}], [{"amount": "1.50"}], UID, "acme",
)  # fmt: skip
"""Values that one parser or the other might take for something."""
odd = st.sampled_from(ODD).map(copy.deepcopy)
SPELLINGS = (
    json.dumps,
    json.dumps,
    lambda payload: json.dumps(payload, ensure_ascii=False, indent=1),
    lambda payload: json.dumps(payload)[:-1] + ', "metadata": {}}',
    lambda payload: "\ufeff" + json.dumps(payload),
    lambda payload: json.dumps(payload) + " x",
    lambda payload: json.dumps(payload)[:-1] + ', "memo": "\\ud800"}',
    lambda payload: json.dumps(payload)[:-1] + ', "name": "twice"}',
    lambda payload: json.dumps(payload)[:-1] + ', "nmae": "misspelt"}',
)


def short(contract, payload):
    return express_of(contract).read(payload, ORIGIN.connector, UID, (UID, ORIGIN.connection))


def long(contract, payload):
    (model,) = validate(contract, [payload])
    return _filled(ORIGIN, contract, model)


def plainly(payload):
    """The payload as most sources would spell it: times to the second in UTC, and nothing in `metadata`."""
    spelt = {**payload, "metadata": {}, "connection_id": "acme"}
    return {name: "2026-01-01T12:00:00Z" if _is_moment(value) else value for name, value in spelt.items()}


def _is_moment(value):
    return isinstance(value, str) and value[4:5] == "-" and value[10:11] == "T"


@pytest.mark.parametrize("document_type", SHORT)
@pytest.mark.parametrize("table", [SMALLEST, FULL], ids=["smallest", "full"])
def test_usual_payloads_go_the_short_way_and_come_to_the_same(document_type, table):
    """Every field of every contract that has a short way is one of them."""
    contract, payload = CONTRACTS[document_type], plainly(table[document_type])
    found = short(contract, json.dumps(payload).encode())
    assert found is not None
    assert found == long(contract, json.dumps(payload).encode())


def test_every_contract_but_the_one_with_a_rule_of_its_own_has_a_short_way():
    """That an entry has to balance is nothing that a structure can say."""
    assert set(CONTRACTS) - set(SHORT) == {"journal_entry"}


@st.composite
def payloads(draw):
    """A payload with something odd about it somewhere, and its spelling."""
    document_type = draw(st.sampled_from(SHORT))
    full = plainly(FULL[document_type]) if draw(st.integers(0, 4)) else {**FULL[document_type], "connection_id": UID}
    kept = draw(st.sets(st.sampled_from(sorted(full)), min_size=len(full) // 2))
    payload = copy.deepcopy(
        {name: value for name, value in full.items() if name in kept or name in SMALLEST[document_type]}
    )
    for name in draw(st.lists(st.sampled_from(sorted(payload)), max_size=2)):
        payload[name] = draw(st.one_of(odd, st.text(max_size=5)))
    for part in [value for value in payload.values() if isinstance(value, dict) and value] + [
        line for value in payload.values() if isinstance(value, list) for line in value if isinstance(line, dict)
    ]:
        if draw(st.integers(0, 3)) == 0 and part:
            part[draw(st.sampled_from(sorted(part)))] = draw(odd)
    return document_type, draw(st.sampled_from(SPELLINGS))(payload).encode(errors="surrogatepass")


def test_the_short_way_never_says_anything_else_than_the_long_one(pytestconfig, record_property):
    """Odd values in odd places, spelt oddly: what it takes is what the model takes, to the letter."""
    seed, examples = seed_of(pytestconfig), 40 * pytestconfig.getoption(EXAMPLES)
    ends = Counter()

    @hypothesis.seed(seed)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(payloads())
    def hold(drawn):
        document_type, payload = drawn
        contract = CONTRACTS[document_type]
        found, expected = short(contract, payload), long(contract, payload)
        ends["taken" if found else "refused" if isinstance(expected, Invalid) else "left"] += 1
        assert found is None or found == expected

    hold()
    assert min(ends["taken"], ends["refused"], ends["left"]) > examples // 50
    told = (
        f"{ends['taken']} payloads went it, {ends['left']} were left to their models, {ends['refused']} refused by them"
    )
    record_property(REPORT, f"the short way with a payload: {told}, seed {seed}")


class Hooked(Contract):
    """A contract of an extension, plain but for what a subclass adds."""

    document_type: ClassVar[str] = "hooked"
    plural: ClassVar[str] = "hookeds"

    source_id: Name
    rate: Money | None = None
    seen_at: Moment | None = None


class Validated(Hooked):
    @field_validator("rate")
    @classmethod
    def _no_zero(cls, rate):
        return rate


class Completing(Hooked):
    def complete(self):
        super().complete()
        self.rate = self.rate or "1"


class Wider(InvoicePayload):
    berth: str | None = None


class Renaming(Hooked):
    other: str | None = Field(default=None, alias="another")


class Ruled(Hooked):
    other: Annotated[str, AfterValidator(str.strip)] = "x"


class Stripping(Hooked):
    model_config: ClassVar = {"str_strip_whitespace": True}


class Preset(Hooked):
    other: str | None = "preset"


class Either(Hooked):
    other: str | int | None = None


class Priced(Hooked):
    prices: list[Money] | None = None


@pytest.mark.parametrize("contract", [Validated, Completing, Wider, Renaming, Ruled, Stripping, Preset, Either, Priced])
def test_a_contract_with_code_or_rules_of_its_own_has_no_short_way(contract):
    """Whatever msgspec might do in another way is left to the model."""
    assert express_of(Hooked) is not None
    assert express_of(contract) is None


class Quiet(CustomerPayload):
    """Nothing but a further field, and one that is not hashed."""

    hash_exclude: ClassVar[frozenset[str]] = frozenset({"phone"})

    nickname: str | None = None


class Quietest(CustomerPayload):
    """Of every kind of field one is not hashed, the identity among them; and one that there is not."""

    hash_exclude: ClassVar[frozenset[str]] = frozenset(
        {"customer_id", "name", "balance", "metadata", "address", "updated_at", "tax_ids", "currency", "no_such_field"}
    )


@pytest.mark.parametrize("table", [SMALLEST, FULL], ids=["smallest", "full"])
def test_whatever_kind_of_field_is_not_hashed_the_two_ways_come_to_the_same(table):
    """Required ones, decimals, objects and the identity are left out of the hash, and of nothing else."""
    payload = json.dumps(plainly(table["customer"])).encode()
    found = short(Quietest, payload)
    assert found is not None
    assert found == long(Quietest, payload)
    assert found.digest != short(CustomerPayload, payload).digest


def test_a_field_that_is_not_hashed_is_stored_all_the_same():
    """The two ways leave out the same."""
    payloads = [json.dumps({"customer_id": "1", "name": "Ada", "phone": phone}).encode() for phone in ("1", "2")]
    first, second = (short(Quiet, payload) for payload in payloads)
    assert [first, second] == [long(Quiet, payload) for payload in payloads]
    assert first.digest == second.digest
    assert first.stored != second.stored
