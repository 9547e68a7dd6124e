"""The nearest known name to a misspelt one, for messages that say what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that looks most like this one, or None when nothing does."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say which name was probably meant, else which names there are; fit to end a message."""
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"there is {', '.join(map(repr, names))}" if names else "none is declared"
