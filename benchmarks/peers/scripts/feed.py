"""What every peer's source is made of: the pages of the comparison's source, and JSON schemas of its records."""

import http.client
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson

KIND, KEY = os.environ["BENCH_KIND"], os.environ["BENCH_KEY"]
WORD = {"type": ["string", "null"]}
MOMENT = {"type": ["string", "null"], "format": "date-time"}
DAY = {"type": ["string", "null"], "format": "date"}
FLAG = {"type": ["boolean", "null"]}
ADDRESS = {"type": ["object", "null"], "properties": dict.fromkeys(("line1", "city", "postal_code", "country"), WORD)}
FIELDS = {
    "customer": {
        "customer_id": {"type": "string"},
        **dict.fromkeys(("name", "email", "phone", "type", "currency", "credit_limit", "balance"), WORD),
        **dict.fromkeys(("created_at", "updated_at"), MOMENT),
        "active": FLAG,
        "address": ADDRESS,
    },
    "bank_transaction": {
        "transaction_id": {"type": "string"},
        **dict.fromkeys(("account_id", "amount", "currency"), WORD),
        "date": DAY,
        **dict.fromkeys(("direction", "description", "counterparty"), WORD),
        "pending": FLAG,
        "posted_at": MOMENT,
        **dict.fromkeys(("reference", "payment_channel"), WORD),
    },
}
SCHEMA = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": FIELDS[KIND]}


def pages() -> Iterator[list[dict[str, Any]]]:
    """Yield page after page over one connection, parsed by the fastest parser there is."""
    connection, number = http.client.HTTPConnection(urlsplit(os.environ["BENCH_SOURCE"]).netloc), 1
    while True:
        connection.request("GET", f"/{KIND}?page={number}")
        rows = orjson.loads(connection.getresponse().read())["data"]
        if not rows:
            break
        yield rows
        number += 1
    connection.close()


def rows() -> Iterator[dict[str, Any]]:
    """Yield row after row."""
    for page in pages():
        yield from page
