"""The rules of backfills: a good one keeps them, and each bad one breaks its own."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from levada import Connector, Response
from levada.testing import ConnectorConformance
from levada.testing.backfill_rules import BackfillRules, windows_of

DAYS = [datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 8)]
SPANS: dict[str, tuple[datetime, ...]] = {"rows": (DAYS[0], DAYS[2], DAYS[4], DAYS[6])}


def rules(connector, spans=SPANS):
    class Rules(ConnectorConformance):
        http = SERVED
        backfills = spans

    Rules.connector = connector
    return Rules()


def customer(row, **fields):
    return {"customer_id": str(row["id"]), "name": "Ada", **fields}


def dated(sent):
    """Serve the rows of a time, one a page; each changed on a day of its own."""
    found = [
        {"id": number, "at": day.isoformat()}
        for number, day in enumerate(DAYS[:-1])
        if sent.params.get("from", "") <= day.isoformat() < sent.params.get("to", "9")
    ]
    rest = urlencode({"from": found[1]["at"], "to": sent.params["to"]}) if len(found) > 1 else None
    more = {"Link": f'<https://api.test/rows?{rest}>; rel="next"'} if rest else {}
    return Response(200, more, json.dumps(found[:1]).encode())


SERVED = {"/rows": dated}


def with_backfill(route, *, poll=None):
    connector = Connector("naughty", hosts=["api.test"])
    connector.backfill("rows")(route)
    if poll is not None:
        connector.poll("rows", every="@hourly")(poll)
    return connector


def past(shift=0, end=0, save=True, key="{}", name="Ada", counter=None):
    """Return a backfill that reads its window, or what its mistakes make of it."""

    def route(http, ingest, checkpoint, window):
        """Read the rows of a window, oldest first."""
        since = checkpoint.get("since", (window.start + timedelta(days=shift)).isoformat())
        params = {"from": since, "to": (window.end + timedelta(days=end)).isoformat()}
        for page in http.pages("/rows", params=params):
            for row in page:
                given = customer(row, name=name if counter is None else f"read {next(counter)}")
                ingest.canonical("customer", given, idempotency_key=key.format(row["id"]), source_id=str(row["id"]))
            if save and page:
                checkpoint.save(since=page[-1]["at"])

    return route


def present(http, ingest):
    """Read all rows as they are."""
    for page in http.pages("/rows", params={"from": "", "to": "9"}):
        for row in page:
            ingest.canonical("customer", customer(row), idempotency_key=str(row["id"]), source_id=str(row["id"]))


def hasty(http, ingest, checkpoint, window):
    """Save how far it has come before the records are handed over."""
    since = checkpoint.get("since", window.start.isoformat())
    for page in http.pages("/rows", params={"from": since, "to": window.end.isoformat()}):
        for row in page:
            checkpoint.save(since=(datetime.fromisoformat(row["at"]) + timedelta(days=1)).isoformat())
            ingest.canonical("customer", customer(row), idempotency_key=str(row["id"]))


MEET, ONCE = "test_windows_that_meet_read_what_one_window_reads", "test_a_record_is_read_in_one_window_only"
AGAIN, CUT = "test_a_window_read_again_changes_nothing", "test_a_window_cut_short_is_read_to_its_end"
KNOWN = "test_a_backfill_leaves_what_the_poll_knows"
BACKFILLED = [name for name in vars(BackfillRules) if name.startswith("test_")]


@pytest.mark.parametrize("rule", BACKFILLED)
@pytest.mark.parametrize("save", [True, False], ids=["saves", "reads-all-again"])
def test_a_good_backfill_keeps_every_rule(rule, save):
    """It reads from the start of its window up to, and without, its end; a checkpoint is not needed for that."""
    getattr(rules(with_backfill(past(save=save), poll=present)), rule)()


@pytest.mark.parametrize(
    ("rule", "connector", "said"),
    [
        (MEET, with_backfill(past(shift=1)), "read in slices"),
        (MEET, with_backfill(past(end=-1)), "read in slices"),
        (MEET, with_backfill(past(shift=99)), "read nothing"),
        (MEET, with_backfill(past(end=1, key="{}", counter=itertools.count())), "elsewhere"),
        (ONCE, with_backfill(past(end=1)), "reads 2 in 2026-03-01"),
        (ONCE, with_backfill(past(shift=-1)), "reads 1 in 2026-03-01"),
        (AGAIN, with_backfill(past(counter=itertools.count())), "read again"),
        (CUT, with_backfill(hasty), "cut short at page"),
        (KNOWN, with_backfill(past(name="Eve"), poll=present), "changed what its poll had read: 0"),
        (KNOWN, with_backfill(past(key="row {}"), poll=present), "other keys: row 0"),
    ],
)
def test_a_bad_backfill_breaks_its_rule(rule, connector, said):
    """A gap, an overlap, what differs from reading to reading, and keys that are not the poll's."""
    with pytest.raises(AssertionError, match=said):
        getattr(rules(connector), rule)()


def test_a_span_is_cut_into_four_windows_that_meet():
    """Where an author names no moments between; and what cannot be a span is said."""
    windows = windows_of("rows", (DAYS[0], DAYS[4]))
    assert windows == list(itertools.pairwise(DAYS[:5]))
    for moments, said in (((), "no span for rows"), (DAYS[1::-1], "rising"), ([datetime(2026, 1, 1)] * 2, "time zone")):  # noqa: DTZ001 - the mistake
        with pytest.raises(AssertionError, match=said):
            windows_of("rows", moments)


@pytest.mark.parametrize("rule", BACKFILLED)
def test_a_connector_without_backfills_or_spans_says_so(rule):
    """A rule that saw nothing has proved nothing."""
    only_polls = Connector("naughty", hosts=["api.test"])
    only_polls.poll("rows", every="@hourly")(present)
    with pytest.raises(pytest.skip.Exception, match="no backfill stream"):
        getattr(rules(only_polls), rule)()
    with pytest.raises(pytest.skip.Exception, match="no windows in backfills"):
        getattr(rules(with_backfill(past()), spans={}), rule)()
    with pytest.raises(AssertionError, match="no span for rows"):
        getattr(rules(with_backfill(past()), spans={"others": DAYS}), rule)()
