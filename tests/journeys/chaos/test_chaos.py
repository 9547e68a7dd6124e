"""Everything at once, under everything that can go wrong, ends as a clean run of the same would have.

`make chaos` tries it at full size. In rounds the source moves on; customers are polled, invoices are read by backfills,
payments are pushed, while a child, a zygote, a worker, the daemon or PostgreSQL is killed at any instant, the source is
in trouble, and the clock jumps. After each kill the checkpoint is compared with the documents; in the end
everything is, with an installation that nobody disturbed.
"""

import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from tests.journeys.chaos.clock import Clock
from tests.journeys.chaos.pusher import KEYS, Pusher, delivery
from tests.journeys.chaos.rig import POSTGRESQL_VICTIMS, SETTINGS, SQLITE_VICTIMS, Rig
from tests.journeys.chaos.server import killable_server
from tests.journeys.chaos.troubled import TroubledSource

from levada_acme.sample.push import SIGNATURE, sign
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import BrokerSettings

pytestmark = pytest.mark.journey

KILLS = int(os.environ.get("LEVADA_CHAOS_KILLS", "4"))
MANY = 60
"""From so many kills on every victim and every kind of run has been hit."""
TURNS, CUSTOMERS, INVOICES = (4, 400, 300) if KILLS >= MANY else (2, 200, 150)
TROUBLE, HANGS_S, PAUSE_S = 0.04, 1.0, 0.05
BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)
CLEAN = ("documents", "versions", "events", "checkpoints")
BACKWARD_S, FORWARD_S = 4, 900


@pytest.fixture
def source():
    with TroubledSource(
        trouble=TROUBLE, hangs_s=HANGS_S, pause_s=PAUSE_S, seed=6, customers=CUSTOMERS, invoices=INVOICES, invalid=0
    ) as acme:
        yield acme


class Clean:
    """The same installation without any trouble: carried out in this process, from the same source, round by round."""

    def __init__(self, site, source):
        self.site, self.source = site, source

    def round(self, turns):
        reachable = BrokerSettings(allow_private=[self.source.base_url.removeprefix("http://")])
        with Installation(self.site.settings().model_copy(update={"broker": reachable})) as installation:
            connection = installation.connections.get(installation.org, "acme")
            for stream in ("customers", "invoices"):
                run = installation.foreground.run(connection, stream, lambda _run: None, lambda: None)
                assert run.state == "succeeded", run
            door = installation.intake.doors.find("acme", "events")
            for turn in turns:
                for number in range(1, KEYS + 1):
                    _, body = delivery(number, turn)
                    headers = {SIGNATURE.lower(): sign(body, self.source.signing_secret)}
                    installation.intake.receive(door, headers, {}, body).result(30)
            while (
                token := installation.work.claim_next(connection.org_id, connection.id, "webhook:events")
            ) is not None:
                installation.runs.execute(token)


@contextmanager
def nothing():
    yield None


@pytest.fixture
def server(database):
    if database == "sqlite" and KILLS < MANY:
        pytest.skip("a few kills on SQLite are the storm's; `make chaos` tries both")
    with killable_server() if database == "postgresql" else nothing() as server:
        yield server


@pytest.fixture
def sites(tmp_path, source, connected_site, server):
    """Returns an installation that is to be disturbed and one that is not."""
    chaotic = connected_site(tmp_path / "chaotic", source, server.url if server else None)
    clean = connected_site(tmp_path / "clean", source)
    for site in (chaotic, clean):
        site.env |= {**SETTINGS, "ACME_SIGNING": source.signing_secret}
        site.runtime("connections", "set", "acme", "--secret", "signing_secret=env:ACME_SIGNING")
    return chaotic, clean


def test_whatever_happens_the_end_is_that_of_a_clean_run(sites, source, server, tmp_path, wait_until, children, capsys):
    """Nothing is lost, nothing is doubled, nothing is out of order, and no checkpoint is ever ahead."""
    site, clean = sites[0], Clean(sites[1], source)
    seed, began = int.from_bytes(os.urandom(3)), time.monotonic()
    clock = Clock(tmp_path) if Clock.can_be_had() else None
    if clock is not None:
        site.env |= clock.environment
    rig = Rig(site, source, wait_until, children, seed, server=server, clock=clock)
    rig.pusher = Pusher(rig, source.signing_secret)
    weights, rounds, until = (POSTGRESQL_VICTIMS if server else SQLITE_VICTIMS), 0, BEGINNING
    while rig.landed.total() < KILLS:
        turns, begins, until = range(rounds * TURNS, (rounds + 1) * TURNS), until, source.moment
        rig.enter(begins, until, "PT1H" if rounds else "PT1M")
        rig.pusher.push(len(turns))
        source.calm(TROUBLE)
        one_round(rig, weights, KILLS)
        rig.settle()
        rig.pusher.join()
        clean.round(turns)
        rounds += 1
        if KILLS >= MANY:
            with capsys.disabled():
                print(f"\n  round {rounds}, {time.monotonic() - began:.0f} s: {rig.landed.total()} kills", end="")
        for _ in range(6):
            source.advance()
    ended = rig.daemon.stop()
    with capsys.disabled():
        print(f"\n  seed {seed}, {rounds} rounds, {time.monotonic() - began:.0f} s: {told(rig)}", end=" ")
    assert ended == 128 + 15
    check(rig, clean.site)
    if KILLS >= MANY:
        assert {victim for victim, _, _ in rig.landed} == set(weights)
        assert {mode for _, mode, _ in rig.landed} == {"poll", "webhook", "backfill"}


def one_round(rig, weights, kills):
    """Kill as long as there is something to kill, and let the clock jump between two kills."""
    deadline = time.monotonic() + 120
    while (rig.unfinished() or rig.pusher.pushing) and time.monotonic() < deadline and rig.landed.total() < kills:
        (victim,) = rig.random.choices(list(weights), list(weights.values()))
        rig.strike(victim, lambda: check_checkpoint(rig))
        if rig.clock is not None and rig.random.random() < 0.3:
            rig.clock.jump(rig.random.choice([-rig.random.uniform(0, BACKWARD_S), rig.random.uniform(0, FORWARD_S)]))
        rig.revive()
        time.sleep(rig.random.uniform(0, 0.1))


def told(rig):
    """Tell what was killed while what was going on."""
    landed = ", ".join(f"{n} x {victim} in a {mode} {phase}" for (victim, mode, phase), n in sorted(rig.landed.items()))
    troubles = ", ".join(f"{count} {name}" for name, count in sorted(rig.source.had.items()))
    jumps = rig.clock.jumps if rig.clock else 0
    return (
        f"{rig.landed.total()} kills landed ({rig.missed} did not): {landed}; the source answered {troubles};"
        f" {dict(rig.pusher.answers)} to what was pushed; the clock jumped {jumps} times"
    )


def check_checkpoint(rig):
    """Every row that the source had up to the checkpoint is a document as it is there, or newer."""
    checkpoints, documents = rig.together(
        "SELECT state FROM checkpoints WHERE stream = 'customers'",
        "SELECT idempotency_key, retired_at IS NULL FROM documents WHERE document_type = 'customer'",
    )
    if not checkpoints:
        return
    since = rig.source.moment_in(checkpoints[0][0])
    current = dict(documents)
    for number, changed_at, deleted in rig.source.changes("customers"):
        if changed_at <= since:
            key = f"acme:customer:{number}"
            assert deleted or current.get(key), f"{key} changed at {changed_at} and is not there; checkpoint {since}"
            assert not (deleted and current.get(key)), f"{key} was deleted at {changed_at}; checkpoint {since}"


def check(rig, clean):
    """Compare with the clean installation, and look for what was doubled, lost or out of order."""
    site, pusher = rig.site, rig.pusher
    assert site.rows("SELECT id, mode, reason, error FROM runs WHERE state <> 'succeeded'") == []
    assert site.rows("SELECT DISTINCT state FROM receipts") == [("processed",)]
    assert {state for (state,) in site.rows("SELECT state FROM backfills")} == {"succeeded"}
    receipts = dict(site.rows("SELECT id, delivery_id FROM receipts"))
    assert {receipt: event for event, receipt in pusher.accepted} == receipts
    for kind in CLEAN:
        ours, theirs = getattr(site, kind)(), getattr(clean, kind)()
        if kind == "checkpoints":
            ours, theirs = ([row for row in rows if row[0] == "customers"] for rows in (ours, theirs))
        assert ours == theirs, kind
    # What the clean one has of each payment is word after word as it was pushed; moments tell no order here, where the
    # clock is put back. No word more or less, and none that came after a newer one:
    words = site.rows("SELECT DISTINCT versions FROM documents WHERE document_type = 'payment'")
    assert words == [(pusher.turns,)]
    assert site.rows("SELECT count(*) FROM versions WHERE superseded <> 0") == [(0,)]
