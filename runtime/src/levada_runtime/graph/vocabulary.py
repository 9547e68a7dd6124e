"""The classes and verbs that the graph knows: closed sets, which a trusted extension may widen."""

import difflib
import re
from collections.abc import Iterable, Mapping

from levada._graph_vocabulary import ENTITY_CLASSES as CLASSES
from levada._graph_vocabulary import VERBS
from levada_runtime.foundation.errors import UsageFailure

GENERIC = "Generic"

_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*")
_VERB = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


class Vocabulary:
    """The classes an entity may have and the verbs a relationship may have."""

    def __init__(self) -> None:
        self.classes = CLASSES
        self.verbs = VERBS

    def extend(self, owner: str, words: Mapping[str, Iterable[str]]) -> None:
        """Add an extension's `classes` and `verbs`.

        Raises UsageFailure when it offers anything else, or one that is not spelled as its like are.
        """
        unknown = sorted(set(words) - {"classes", "verbs"})
        if unknown:
            raise _broken(owner, f"offers {unknown[0]!r} to the graph, which takes classes and verbs")
        self.classes |= _spelled(owner, words.get("classes", ()), _CLASS, "class", "PascalCase")
        self.verbs |= _spelled(owner, words.get("verbs", ()), _VERB, "verb", "UPPER_CASE")

    def default_class(self, kind: str) -> str:
        """Return the class of a kind's name where there is one, else Generic."""
        named = "".join(word[:1].upper() + word[1:] for word in kind.split("_"))
        return named if named in self.classes else GENERIC


def meant(name: str, known: Iterable[str]) -> str:
    """Say which name was probably meant, else which there are; fit to end a message."""
    spelled = {one.casefold(): one for one in sorted(known)}
    near = difflib.get_close_matches(name.casefold(), spelled, n=1)
    return f"did you mean {spelled[near[0]]!r}?" if near else f"there is {', '.join(spelled.values())}"


def _spelled(owner: str, names: Iterable[str], pattern: re.Pattern[str], what: str, style: str) -> frozenset[str]:
    given = frozenset(names)
    for name in sorted(given):
        if not pattern.fullmatch(name):
            raise _broken(owner, f"offers the {what} {name!r} to the graph, which is not spelled in {style}")
    return given


def _broken(owner: str, what: str) -> UsageFailure:
    return UsageFailure(f"{owner} {what}", code="extension_broken", hint="mend or remove the extension")
