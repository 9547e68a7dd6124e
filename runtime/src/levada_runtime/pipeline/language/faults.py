"""What is wrong inside a piece of the language, with its place in that piece."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: `line` and `column` count from one within the text, `path` leads to it in a nested value."""

    message: str
    line: int = 1
    column: int = 1
    path: tuple[str | int, ...] = ()
    at_key: bool = False
    """Whether it is the key at the path that is wrong, not what stands under it."""

    def below(self, key: str | int) -> "Fault":
        """Return the same fault, seen from one level further out."""
        return replace(self, path=(key, *self.path))


class LanguageFailed(Exception):  # noqa: N818 - it carries faults; the loader makes problems of them
    """A text cannot be read; `faults` says all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = tuple(faults)


def fault_at(text: str, offset: int, message: str) -> Fault:
    """Return a fault at an offset of a text."""
    line_start = text.rfind("\n", 0, offset) + 1
    return Fault(message, text.count("\n", 0, offset) + 1, offset - line_start + 1)


def refuse(faults: Iterable[Fault]) -> None:
    """Raise LanguageFailed when there are any."""
    found = tuple(faults)
    if found:
        raise LanguageFailed(found)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say which name was probably meant, else which there are; fit to end a message."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there is {', '.join(names)}" if names else ""
