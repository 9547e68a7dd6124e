"""The classes and verbs that the graph knows: closed sets, which a trusted extension may widen."""

import difflib
import re
from collections.abc import Iterable

CLASSES = frozenset(
    """
    Host User DataStore CodeRepo Firewall AccessPolicy NetworkSegment Service Certificate Secret Credential Key Container
    Pod Cluster Namespace Function Queue Topic Database Application Package Vulnerability Identity Process File Registry
    Policy Account Organization Team Role Group Device Endpoint Scanner Agent Sensor Ticket Event Generic
    """.split()
)
VERBS = frozenset(
    """
    HAS IS ASSIGNED ALLOWS USES CONTAINS MANAGES CONNECTS PROTECTS EXPLOITS TRUSTS SCANS RUNS READS WRITES
    OWES PAID BILLED
    """.split()
)
GENERIC = "Generic"

_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*")
_VERB = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


class Vocabulary:
    """The classes an entity may have and the verbs a relationship may have."""

    def __init__(self, classes: Iterable[str] = (), verbs: Iterable[str] = ()) -> None:
        """Know these besides those of the runtime.

        Raises ValueError when one is not spelled as its like are.
        """
        self.classes = CLASSES | _spelled(classes, _CLASS, "a class", "PascalCase")
        self.verbs = VERBS | _spelled(verbs, _VERB, "a verb", "UPPER_CASE")

    def default_class(self, kind: str) -> str:
        """Return the class of a kind's name where there is one, else Generic."""
        named = "".join(word[:1].upper() + word[1:] for word in kind.split("_"))
        return named if named in self.classes else GENERIC


def meant(name: str, known: Iterable[str]) -> str:
    """Say which name was probably meant, else which there are; fit to end a message."""
    spelled = {one.casefold(): one for one in sorted(known)}
    near = difflib.get_close_matches(name.casefold(), spelled, n=1)
    return f"did you mean {spelled[near[0]]!r}?" if near else f"there is {', '.join(spelled.values())}"


def _spelled(names: Iterable[str], pattern: re.Pattern[str], what: str, style: str) -> frozenset[str]:
    given = frozenset(names)
    for name in given:
        if not pattern.fullmatch(name):
            raise ValueError(f"{name!r} cannot be {what} of the graph: it is not spelled in {style}")
    return given
