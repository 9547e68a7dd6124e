"""The trees that texts are read into: each node knows its value in a scope."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from levada_runtime.pipeline.language.scope import UNDEFINED, Scope
from levada_runtime.pipeline.language.spelling import to_text
from levada_runtime.pipeline.model import StepFailed

MOST_TEXT: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a tree."""

    def parts(self) -> tuple["Node", ...]:
        """Return the nodes directly below."""
        return ()

    def value(self, scope: Scope) -> Any:  # noqa: ARG002 - most nodes look into it
        """Return what the node stands for; UNDEFINED when it leads nowhere."""
        return UNDEFINED


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written down."""

    literal: Any

    def value(self, scope: Scope) -> Any:  # noqa: ARG002 - the same in every scope
        return self.literal


@dataclass(frozen=True, slots=True)
class Now(Node):
    """The instant of the run, as text."""

    def value(self, scope: Scope) -> Any:
        return scope.now


@dataclass(frozen=True, slots=True)
class Reference(Node):
    """A way to a value: a root and the keys and indices from there."""

    root: str
    path: tuple[str | int, ...]

    def value(self, scope: Scope) -> Any:
        found: Any = scope.root(self.root)
        for part in self.path:
            if isinstance(part, str):
                found = found.get(part, UNDEFINED) if isinstance(found, Mapping) else UNDEFINED
            elif isinstance(found, list) and part < len(found):
                found = found[part]
            else:
                return UNDEFINED
        return found

    def __str__(self) -> str:
        keys = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"${self.root}{keys}"


@dataclass(frozen=True, slots=True)
class Secret(Node):
    """An organisation's secret, known here by its name only."""

    name: str


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A text with values in it."""

    pieces: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.pieces

    def value(self, scope: Scope) -> Any:
        written, size = [], 0
        for piece in self.pieces:
            written.append(to_text(piece.value(scope)))
            size += len(written[-1])
            if size > MOST_TEXT:
                raise StepFailed(f"a text with values in it is longer than {MOST_TEXT // 1024} Ki characters")
        return "".join(written)


@dataclass(frozen=True, slots=True)
class Fields(Node):
    """A mapping whose values are nodes."""

    items: tuple[tuple[str, Node], ...]

    def parts(self) -> tuple[Node, ...]:
        return tuple(node for _, node in self.items)

    def value(self, scope: Scope) -> Any:
        return {key: _settled(node.value(scope)) for key, node in self.items}


@dataclass(frozen=True, slots=True)
class Row(Node):
    """A list whose items are nodes."""

    items: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.items

    def value(self, scope: Scope) -> Any:
        return [_settled(node.value(scope)) for node in self.items]


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Go through a tree, whatever its depth; the second of each pair is the depth, which is one at the root."""
    waiting = [(node, 1)]
    while waiting:
        one, depth = waiting.pop()
        yield one, depth
        waiting.extend((part, depth + 1) for part in one.parts())


def _settled(value: Any) -> Any:
    return None if value is UNDEFINED else value
