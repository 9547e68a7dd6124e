"""Text that any database can keep: PostgreSQL's holds no U+0000, and half a surrogate pair is no character."""

import re

_UNFIT = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> bool:
    """Tell whether a text can be kept as it is."""
    return _UNFIT.search(text) is None


def legible(text: str) -> str:
    """Return a text that was only said, such as a log line, with U+FFFD for what cannot be kept."""
    return _UNFIT.sub("\ufffd", text)
