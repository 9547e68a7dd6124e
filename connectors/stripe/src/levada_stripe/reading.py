"""Reading a list of Stripe's: all of it once, then what events say has changed.

The moment from which events count is taken before the first page, so nothing that happens while pages are read is
missed, in whatever order they come, and however often the reading is interrupted and resumed. Stripe keeps events for
30 days; who comes later than that starts again. A source that does not give events by their types is read from
beginning to end every time, which misses nothing but costs more.

Every record carries the moment from which it is known to be true, by the source's own clock: that of the event, or of
the first answer of the run for what was read afterwards. Polls and webhooks may therefore overtake each other.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from levada import Checkpoint, Http, Ingest, Log, Response, SourceRefused, last_id
from levada_stripe.changes import Change, changes_in
from levada_stripe.kinds import Kind

Row = dict[str, Any]

API_VERSION = "2025-02-24.acacia"
"""The last version in which charges and intents name the invoice that they pay."""
VERSION = {"Stripe-Version": API_VERSION}
GONE = 404
NOT_OFFERED = (400, GONE, 405)
"""How a source answers that has no such list, or does not know the parameters."""
EVENTS = "/v1/events"
KEPT = timedelta(days=29)
"""How far back events are relied on; Stripe keeps them for 30 days."""
OVERLAP = timedelta(minutes=5)
"""How long an event may take to show up in the list."""
SLICE = timedelta(hours=6)
"""How much of the past is read at once: a page that commits with its checkpoint."""
ROWS = 100
PAGES = 200
"""How many pages of a first reading fit into a run; the next run goes on from there."""


class Reading:
    """One run over one list. Opening it asks the source what time it is there, and whether it gives events by type."""

    def __init__(self, kind: Kind, http: Http, ingest: Ingest, checkpoint: Checkpoint, log: Log, now: datetime) -> None:
        self.kind = kind
        self.http = http
        self.ingest = ingest
        self.checkpoint = checkpoint
        self.log = log
        probe = http.get(EVENTS, params={"types[]": kind.events, "limit": 1}, headers=VERSION)
        self.has_events = probe.status not in NOT_OFFERED
        if self.has_events:
            probe.raise_for_status()
        self.began = clock_of(probe, now)

    def go_on(self) -> None:
        """Read everything, or what has changed, according to how far the last run came."""
        since = self.checkpoint.get("since")
        reading = self.checkpoint.get("reading", False)
        if since is None or from_epoch(since) < self.began - KEPT or not (self.has_events or reading):
            if since is not None:
                self.say_why(since)
            since, reading = to_epoch(self.began - OVERLAP), True
            self.checkpoint.save(since=since, reading=True, after=None)
        if reading and not self.read_everything(since):
            return
        if self.has_events:
            self.follow_events(since)
        else:
            self.checkpoint.save(since=since, reading=False, after=None)

    def say_why(self, since: int) -> None:
        """Say that everything is read again, and take what can be had of deletions, which no list shows."""
        if self.has_events:
            self.log.warning("the last run is longer ago than events are kept: everything is read again", since=since)
            return
        self.log.info("the source gives no events by type: everything is read again", since=since)
        for event_type in self.kind.events:
            if event_type.endswith(".deleted"):
                self.retire_deleted(event_type, since)

    def read_everything(self, since: int) -> bool:
        """Read page after page from where the last run stopped; tell whether the end was reached."""
        for number, page in enumerate(self.pages(self.place()), start=1):
            take(self.kind, self.http, self.ingest, [(row, self.began) for row in page])
            self.checkpoint.save(since=since, reading=True, after=page[-1]["id"])
            if number == PAGES:
                self.log.info("the next run goes on from here", pages=number)
                return False
        return True

    def place(self) -> str | None:
        """Return the object after which to go on; None when it is gone, and with it its place in the list."""
        after: str | None = self.checkpoint.get("after")
        if after is None:
            return None
        tried = self.http.get(self.kind.path, params={"limit": 1, "starting_after": after}, headers=VERSION)
        return None if tried.status in NOT_OFFERED else after

    def pages(self, after: str | None) -> Iterator[list[Row]]:
        params = {"limit": ROWS, "starting_after": after}
        return self.http.pages(self.kind.path, params=params, headers=VERSION, paginate=last_id(), items="data")

    def follow_events(self, since: int) -> None:
        """Take what events tell, a slice of time after the other, up to a little before now."""
        end = to_epoch(self.began - OVERLAP)
        ended = False
        while not ended:
            until = since + int(SLICE.total_seconds())
            ended = until >= end
            self.take_events(since, None if ended else until)
            since = end if ended else until
            self.checkpoint.save(since=since, reading=False, after=None)

    def take_events(self, since: int, until: int | None) -> None:
        params = {"types[]": self.kind.events, "created[gte]": since, "created[lt]": until, "limit": ROWS}
        pages = self.http.pages(EVENTS, params=params, headers=VERSION, paginate=last_id(), items="data")
        changes = changes_in((event for page in pages for event in page), API_VERSION)
        apply(self.kind, self.http, self.ingest, changes, self.began)

    def retire_deleted(self, event_type: str, since: int) -> None:
        """Retire what was deleted, if the source at least gives events of one type."""
        params = {"type": event_type, "created[gte]": since, "limit": ROWS}
        try:
            pages = self.http.pages(EVENTS, params=params, headers=VERSION, paginate=last_id(), items="data")
            changes = changes_in(event for page in pages for event in page)
        except SourceRefused:
            self.log.debug("the source gives no events of deletions either", type=event_type)
            return
        apply(self.kind, self.http, self.ingest, changes, self.began)


def apply(kind: Kind, http: Http, ingest: Ingest, changes: Iterable[Change], began: datetime) -> None:
    """Take the objects that have changed; those that are gone are retired.

    What is gone is taken as it last was before it is retired, even when it was never heard of: an event of its life
    that comes late then finds its end already told.
    """
    rows: list[tuple[Row, datetime]] = []
    gone: list[tuple[Change, datetime]] = []
    for change in changes:
        known_at = max(change.at, began)
        if change.object != kind.object:
            rows += rows_of(kind, http, change, known_at)
        elif change.row is not None:
            rows.append((change.row, change.at))
            gone += [(change, change.ended_at)] if change.gone else []
        elif found := object_of(kind, http, change):
            rows.append((found, known_at))
        else:
            gone.append((change, known_at))
    take(kind, http, ingest, rows)
    for change, at in gone:
        ingest.retire(kind.document_type, idempotency_key=kind.key(change.id), source_time=at, stream=kind.stream)


def rows_of(kind: Kind, http: Http, change: Change, at: datetime) -> list[tuple[Row, datetime]]:
    """Ask for the rows that belong to another object, such as the refunds of a charge."""
    params = {change.object: change.id, "limit": ROWS}
    pages = http.pages(kind.path, params=params, headers=VERSION, paginate=last_id(), items="data")
    return [(row, at) for page in pages for row in page]


def object_of(kind: Kind, http: Http, change: Change) -> Row | None:
    """Ask for an object; None when it has gone meanwhile."""
    answer = http.get(f"{kind.path}/{change.id}", headers=VERSION)
    if answer.status == GONE:
        return None
    row: Row = answer.raise_for_status().json
    return None if row.get("deleted") else row


def take(kind: Kind, http: Http, ingest: Ingest, rows: Iterable[tuple[Row, datetime]]) -> None:
    """Hand rows over, each with the moment from which it is known to be true."""
    taken = [(with_all_lines(row, http), at) for row, at in rows if kind.takes(row)]
    if not taken:
        return
    ingest.batch(
        kind.document_type,
        [kind.document(row) for row, _ in taken],
        idempotency_key=lambda _document, index: kind.key(taken[index][0]["id"]),
        source_id=lambda _document, index: taken[index][0]["id"],
        source_time=lambda _document, index: taken[index][1],
        stream=kind.stream,
        continue_on_error=True,
    )


def with_all_lines(row: Row, http: Http) -> Row:
    """Return an invoice with all of its lines; Stripe puts only the first ten into it."""
    if row.get("object") != "invoice" or not (row.get("lines") or {}).get("has_more"):
        return row
    path, params = f"/v1/invoices/{row['id']}/lines", {"limit": ROWS}
    pages = http.pages(path, params=params, headers=VERSION, paginate=last_id(), items="data")
    return {**row, "lines": {"data": [line for page in pages for line in page]}}


def clock_of(answer: Response, now: datetime) -> datetime:
    """Return what time it was at the source when it answered, which it says in whole seconds; else our own time."""
    said = answer.headers.get("Date")
    try:
        return parsedate_to_datetime(said).astimezone(UTC) if said else now
    except ValueError:
        return now


def to_epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def from_epoch(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
