"""Statements of banks, in the formats they come in."""

from .camt import SAMPLE as _CAMT
from .camt import read as _read_camt
from .ofx import SAMPLE as _OFX
from .ofx import read as _read_ofx
from .tables import SAMPLE as _TABLE
from .tables import read as _read_table

READERS = {
    "camt": (_read_camt, _CAMT),
    "ofx": (_read_ofx, _OFX),
    "table": (_read_table, _TABLE),
}


def read_statement(name, text):
    """Read a statement of the format called so."""
    try:
        reader, _sample = READERS[name]
    except KeyError:
        raise LookupError(f"no format {name!r}, only {', '.join(sorted(READERS))}") from None
    return reader(text)
