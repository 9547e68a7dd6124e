"""The comparison's records, its own sides at a small size, and what it says when a store is not as it should be."""

import re
import sqlite3
from pathlib import Path

import pytest
from benchmarks import peers, workload
from benchmarks.peers import environment
from benchmarks.peers.comparison import Outcome, compare
from benchmarks.peers.model import Cost, Place, UnavailableError, WrongResultError
from benchmarks.peers.others import Dlt
from benchmarks.peers.ours import Alone, Sandboxed
from benchmarks.peers.raw import Raw
from benchmarks.peers.table import show
from benchmarks.peers.verify import in_sqlite

from levada.contracts import BankTransactionPayload, CustomerPayload

RECORDS = 500
PINS = sorted(environment.HERE.glob("*.txt"))


@pytest.mark.parametrize("kind", workload.KINDS)
def test_the_records_are_the_same_whenever_they_are_made(kind):
    """A page does not depend on the pages before it, and no key comes twice."""
    rows = workload.rows(kind, 3_500)
    assert rows == workload.rows(kind, 3_500)
    assert workload.page(kind, 2) == rows[2_000:3_000]
    assert workload.page(kind, 3, size=500) == rows[3_000:]
    assert len({row[workload.KINDS[kind].key] for row in rows}) == 3_500
    assert 11 <= len(rows[0]) <= 13


@pytest.mark.parametrize("kind", workload.KINDS)
def test_exactly_a_tenth_is_changed(kind):
    """A changed record keeps its key and has another amount; every other record is what it was."""
    before, after = workload.rows(kind, 2_000), workload.rows(kind, 2_000, changed=True)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    one = workload.KINDS[kind]
    assert len(changed) == 200
    assert all(old[one.key] == new[one.key] and old[one.money] != new[one.money] for old, new in changed)


@pytest.mark.parametrize("kind", workload.KINDS)
def test_every_record_keeps_its_contract(kind):
    """Otherwise ours would store less than the others, and be measured for refusing it."""
    contract = {"customer": CustomerPayload, "bank_transaction": BankTransactionPayload}[kind]
    for row in workload.rows(kind, 200, changed=True):
        contract.model_validate(row)


def test_our_own_sides_store_what_was_served(capsys):
    """Through the sandbox, alone and with raw SQL: each phase is verified, and the table has a row for each."""
    sides = [Sandboxed("SQLite"), Alone("SQLite"), Raw("SQLite")]
    outcomes = compare(sides, "customer", RECORDS, "there is no server")
    assert [(one.wrong, one.unavailable, list(one.costs)) for one in outcomes] == [(None, None, ["A", "B", "C"])] * 3
    whole = outcomes[0].costs["A"]
    assert whole.seconds > 0
    assert whole.cpu_s > 0.1
    assert whole.rss_mb > 50
    show(outcomes, RECORDS)
    said = capsys.readouterr().out
    assert all(re.search(rf"^{re.escape(side.name)}\s+\d", said, re.MULTILINE) for side in sides)


def test_a_side_that_cannot_be_had_is_named_and_the_rest_goes_on(capsys):
    """Its reason is printed instead of figures."""
    (outcome,) = compare([Dlt()], "customer", RECORDS, "there is no server")
    show([outcome], RECORDS)
    assert outcome.unavailable == "there is no server"
    assert "SKIPPED dlt merge → PostgreSQL: there is no server" in capsys.readouterr().out


def test_a_peer_that_cannot_be_installed_says_why(tmp_path, monkeypatch):
    """Pip's last line is the reason."""
    (tmp_path / "nobody.txt").write_text("./no-such-distribution\n")
    monkeypatch.setattr(environment, "HERE", tmp_path)
    monkeypatch.setattr(environment, "ENVIRONMENTS", tmp_path / "environments")
    with pytest.raises(UnavailableError, match="cannot be installed"):
        environment.prepare("nobody")


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        ("DELETE FROM customer WHERE customer_id = 'cus_00000007'", "499 rows are stored instead of 500"),
        ("UPDATE customer SET balance = '1' WHERE customer_id = 'cus_00000010'", "1 rows are not what was served"),
    ],
    ids=["a row is missing", "a row was not updated"],
)
def test_what_is_stored_wrongly_is_found(tmp_path, tamper, says):
    """A count alone would not see an update that never came."""
    file = tmp_path / "peer.db"
    place = Place(tmp_path, "", "customer", RECORDS, None)
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE customer(customer_id TEXT, balance TEXT)")
        connection.executemany("INSERT INTO customer VALUES (?, ?)", place.expected("C").items())
    in_sqlite(place, "C", file, "customer")
    with sqlite3.connect(file) as connection:
        connection.execute(tamper)
    connection.close()
    with pytest.raises(WrongResultError, match=says):
        in_sqlite(place, "C", file, "customer")


def test_the_comparison_fails_when_a_side_is_wrong(monkeypatch, capsys):
    """The command ends with 1, and says which side and what."""
    cost = Cost(1, 1, None, 1)
    wrong = Outcome(Raw("SQLite"), "", {"A": cost}, wrong="phase B: 3 rows are stored instead of 4")
    monkeypatch.setattr(peers, "compare", lambda *_: [wrong])
    words = type("Words", (), {"sides": ["raw"], "kinds": ["customer"], "stores": ["SQLite"], "records": 4})
    monkeypatch.setattr(peers, "server", no_server)
    with pytest.raises(SystemExit):
        peers.measure(words)
    assert "WRONG   raw SQL, the limit → SQLite: phase B: 3 rows" in capsys.readouterr().out


def no_server():
    raise UnavailableError("there is no server")


@pytest.mark.parametrize("pins", PINS, ids=lambda path: path.stem)
def test_every_peer_is_pinned_and_no_host_is_named(pins: Path):
    """What was compared with can be installed again, from wherever one installs."""
    lines = [line for line in pins.read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+_-]+", line)] == []
