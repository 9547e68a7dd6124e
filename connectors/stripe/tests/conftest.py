"""A Stripe in memory, as strict as the real one about cursors and filters, in either order of its lists."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from levada import Response
from levada.testing import ConnectorBench
from levada_stripe import connector
from levada_stripe.reading import API_VERSION

PATHS = {kind: f"{kind}s" for kind in ("customer", "invoice", "payment_intent", "charge", "refund")}


class Shop:
    """An account at Stripe. `events` is how its list of events can be had: by types, by one type, or not at all."""

    def __init__(self, *, newest_first=True, page=3, events="types", version=API_VERSION):
        self.newest_first, self.page, self.offered, self.version = newest_first, page, events, version
        self.seconds = 1_790_000_000
        self.rows = {kind: {} for kind in PATHS}
        self.gone = set()
        self.events = []

    def put(self, kind, number, *, told=None, **fields):
        """Create or change an object, and say so in an event, of which a new object has one more."""
        row_id = f"{kind}_{number}"
        new = row_id not in self.rows[kind]
        row = {"id": row_id, "object": kind, "created": self.seconds, **self.rows[kind].get(row_id, {}), **fields}
        self.rows[kind][row_id] = row
        return self.tell(told or f"{kind}.{'created' if new else 'updated'}", row)

    def delete(self, kind, number):
        row = self.rows[kind].pop(f"{kind}_{number}")
        self.gone.add(row["id"])
        return self.tell(f"{kind}.deleted", row)

    def tell(self, event_type, row):
        event = {
            "id": f"evt_{len(self.events)}", "object": "event", "type": event_type, "created": self.seconds,
            "api_version": self.version, "data": {"object": dict(row)},
        }  # fmt: skip
        self.events.append(event)
        return event

    def later(self, seconds=1):
        self.seconds += seconds

    def script(self):
        """Answers to everything that may be asked now; lists and rows are looked up when asked for."""
        answers = {f"/v1/{path}": self._listing(kind) for kind, path in PATHS.items()}
        answers["/v1/events"] = self._list_events
        for kind, path in PATHS.items():
            known = {*self.rows[kind], *(one for one in self.gone if one.startswith(f"{kind}_"))}
            answers |= {f"/v1/{path}/{row_id}": self._one(kind) for row_id in known}
            answers |= {f"/v1/{path}/{row_id}/lines": self._lines for row_id in known if kind == "invoice"}
        return answers

    def bench(self):
        return ConnectorBench(connector, http=self.script())

    def poll(self, bench, stream, **how):
        bench.script |= self.script()
        return bench.poll(stream, **how)

    def answer(self, body, status=200):
        date = format_datetime(datetime.fromtimestamp(self.seconds, UTC), usegmt=True)
        return Response(status, {"Date": date}, json.dumps(body).encode())

    def _refuse(self, why, status=400):
        return self.answer({"error": {"type": "invalid_request_error", "message": why}}, status)

    def _listing(self, kind):
        def answer(sent):
            if set(sent.params) - {"limit", "starting_after", "charge"}:
                return self._refuse(f"unknown parameters {sorted(sent.params)}")
            of = sent.params.get("charge")
            rows = [row for row in self.rows[kind].values() if of is None or row.get("charge") == of]
            return self._paged(rows, sent)

        return answer

    def _list_events(self, sent):
        if self.offered == "none":
            return self._refuse("unrecognized request URL", 404)
        if self.offered == "type" and "types[]" in sent.params:
            return self._refuse("unexpected types")
        wanted = sent.params.get("types[]", sent.params.get("type"))
        wanted = wanted if isinstance(wanted, list) else [wanted]
        since = max(int(sent.params.get("created[gte]", 0)), self.seconds - 30 * 86_400)
        until = int(sent.params.get("created[lt]", self.seconds + 1))
        rows = [one for one in self.events if one["type"] in wanted and since <= one["created"] < until]
        return self._paged(rows, sent)

    def _one(self, kind):
        def answer(sent):
            row_id = sent.path.rpartition("/")[2]
            if row_id in self.gone and kind == "customer":
                return self.answer({"id": row_id, "object": kind, "deleted": True})
            row = self.rows[kind].get(row_id)
            return self._refuse(f"no such {kind}", 404) if row is None else self.answer(row)

        return answer

    def _lines(self, sent):
        return self._paged(self.rows["invoice"][sent.path.split("/")[3]]["all_lines"], sent)

    def _paged(self, rows, sent):
        ordered = rows[::-1] if self.newest_first else rows
        ids = [row["id"] for row in ordered]
        after = sent.params.get("starting_after")
        if after is not None and after not in ids:
            return self._refuse(f"no such object {after}")
        start = 0 if after is None else ids.index(after) + 1
        size = min(int(sent.params["limit"]), self.page)
        page = ordered[start : start + size]
        return self.answer({"object": "list", "data": page, "has_more": start + size < len(ordered)})


@pytest.fixture(scope="session")
def shop_class():
    """The class itself: each test opens a shop of its own."""
    return Shop


@pytest.fixture
def open_shop():
    """Returns what opens a shop with some customers."""

    def opened(customers=7, **how):
        shop = Shop(**how)
        for number in range(customers):
            shop.put("customer", number, name=f"Customer {number}", currency="eur")
            shop.later()
        shop.later(3600)
        return shop

    return opened
