"""CSV of banks: semicolons, commas in numbers, a mark at the start."""

import csv
import io
from datetime import datetime

SAMPLE = b'\xef\xbb\xbfBuchung;Betrag;Text\r\n01.03.2026;1.234,50;Miete M\xc3\xa4rz\r\n02.03.2026;-3,00;"a; b"\r\n'


class Semicolons(csv.excel):
    """How German banks write tables."""

    delimiter = ";"


def rows_of(text):
    """Return the rows of a table as mappings."""
    return [dict(row) for row in csv.DictReader(io.StringIO(text), dialect=Semicolons)]


def read(content):
    """Read the movements of a statement."""
    rows = rows_of(content.decode("utf-8-sig"))
    return [
        {
            "amount": row["Betrag"].replace(".", "").replace(",", "."),
            "on": f"{datetime.strptime(row['Buchung'], '%d.%m.%Y'):%Y-%m-%d}",
            "text": row["Text"],
        }
        for row in rows
    ]
