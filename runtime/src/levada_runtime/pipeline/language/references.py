"""References, alone and inside texts: `$event.payload.items[0]`, `Hello $event.payload.name`, `${event.id}.json`.

A key that is no identifier stands in brackets: `$event.payload["odd key"]`. Braces say where a reference ends; two
dollars are one; a dollar before anything but a name or a brace is itself.
"""

import re
from dataclasses import dataclass
from typing import Final

from levada_runtime.pipeline.language.faults import Fault, LanguageFailed, did_you_mean, fault_at, refuse
from levada_runtime.pipeline.language.nodes import Literal, Node, Now, Reference, Secret, Text

ROOTS: Final = ("event", "entity", "enrich", "pipeline", "secret")
ENVELOPE: Final = ("id", "type", "source", "received_at", "payload", "provenance", "cause", "document")
PIPELINE: Final = ("name", "version")
MOST_PARTS: Final = 32

_STEP: Final = r"""\.[^\W\d]\w*|\[[0-9]{1,6}\]|\["[^"\\\n]*"\]|\['[^'\\\n]*'\]"""
_WAY: Final = rf"[^\W\d]\w*(?:{_STEP})*"
_ALONE: Final = re.compile(rf"\$(?:{_WAY})")
_NEXT_STEP: Final = re.compile(_STEP)
_BRACED: Final = re.compile(rf"\s*(?:\$?(?P<way>{_WAY})|(?P<now>now\(\)))\s*")
_DOLLAR: Final = re.compile(rf"\$\$|\$\{{(?P<inside>[^{{}}]*)\}}|\$(?P<way>{_WAY})|(?P<open>\$\{{)")


@dataclass(slots=True)
class Reading:
    """What is known while a pipeline is read: the kinds of entities that steps before this one set."""

    kinds: set[str] | None = None
    """None where nobody keeps count: then every kind may be named."""
    references: int = 0


def read_reference(text: str, reading: Reading, *, secrets: bool = False) -> Node:
    """Read one reference, with its dollar. Raises LanguageFailed."""
    root, _, _ = re.split(r"([.\[])", text[1:] + ".", maxsplit=1)
    path = tuple(_key(step) for step in _NEXT_STEP.findall(text[1 + len(root) :]))
    reading.references += 1
    message = _mistake(root, path, reading, secrets=secrets)
    if message:
        raise LanguageFailed([Fault(f"{text}: {message}")])
    return Secret(str(path[0])) if root == "secret" else Reference(root, path)


def read_text(text: str, reading: Reading, *, secrets: bool = False) -> Node:
    """Read a text with references in it, or none; always a text when it is evaluated. Raises LanguageFailed."""
    pieces = _pieces(text, reading, secrets=secrets)
    if all(isinstance(piece, Literal) for piece in pieces):
        return Literal("".join(piece.literal for piece in pieces if isinstance(piece, Literal)))
    return Text(pieces)


def read_leaf(text: str, reading: Reading, *, secrets: bool = False) -> Node:
    """Read a text of YAML: a reference or `now()` standing alone is its value, of whatever type."""
    if text == "now()":
        return Now()
    node = read_text(text, reading, secrets=secrets)
    alone = isinstance(node, Text) and len(node.pieces) == 1
    return node.pieces[0] if alone and isinstance(node, Text) else node


def _pieces(text: str, reading: Reading, *, secrets: bool) -> tuple[Node, ...]:
    pieces: list[Node] = []
    faults: list[Fault] = []
    end = 0
    for matched in _DOLLAR.finditer(text):
        if matched.start() > end:
            pieces.append(Literal(text[end : matched.start()]))
        end = matched.end()
        try:
            pieces.append(_piece(matched, reading, secrets=secrets))
        except LanguageFailed as failed:
            faults.extend(fault_at(text, matched.start(), fault.message) for fault in failed.faults)
    refuse(faults)
    return (*pieces, *([Literal(text[end:])] if end < len(text) else []))


def _piece(matched: re.Match[str], reading: Reading, *, secrets: bool) -> Node:
    if matched["way"]:
        return read_reference(matched[0], reading, secrets=secrets)
    if matched["open"]:
        raise LanguageFailed([Fault("'${' has no '}'; write '$${' for the signs themselves")])
    if matched["inside"] is None:
        return Literal("$")
    braced = _BRACED.fullmatch(matched["inside"])
    if braced is None:
        raise LanguageFailed([Fault(f"{matched[0]!r} holds no reference; write '$${{' for the signs themselves")])
    return Now() if braced["now"] else read_reference(f"${braced['way']}", reading, secrets=secrets)


def _key(step: str) -> str | int:
    if step.startswith("."):
        return step[1:]
    inside = step[1:-1]
    return int(inside) if inside.isdigit() else inside[1:-1]


def _mistake(root: str, path: tuple[str | int, ...], reading: Reading, *, secrets: bool) -> str | None:
    first = str(path[0]) if path else None
    if len(path) > MOST_PARTS:
        return f"a reference has at most {MOST_PARTS} parts"
    match root:
        case "event":
            return _unknown(first, ENVELOPE, "an event has no")
        case "pipeline":
            return _unknown(first, PIPELINE, "a pipeline has no")
        case "entity":
            return _unset(first, reading)
        case "secret":
            return _misplaced(path, secrets=secrets)
        case "enrich":
            return None
        case _:
            known = did_you_mean(f"${root}", [f"${one}" for one in ROOTS])
            return f"there is no such root{known} (a dollar sign itself is written $$)"


def _unknown(name: str | None, known: tuple[str, ...], what: str) -> str | None:
    return None if name is None or name in known else f"{what} {name!r}{did_you_mean(name, known)}"


def _unset(kind: str | None, reading: Reading) -> str | None:
    if kind is None:
        return "name the kind, as in $entity.user"
    if reading.kinds is None or kind in reading.kinds:
        return None
    return f"no step before this one upserts or enriches {kind!r}{did_you_mean(kind, reading.kinds)}"


def _misplaced(path: tuple[str | int, ...], *, secrets: bool) -> str | None:
    if not secrets:
        return "secrets stand in `auth:` and in the header values of a destination, nowhere else"
    return None if len(path) == 1 and isinstance(path[0], str) else "write $secret.NAME"
