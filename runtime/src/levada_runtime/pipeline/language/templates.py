"""Templates and mappings: the shape of a body, finished before any event comes.

A template is JSON with bare keys, either kind of quotes, trailing commas and comments. A mapping of YAML follows the
same rules in its texts. A reference standing alone keeps its type; inside a text its value becomes text.
"""

from typing import Any

from lark import Token

from levada_runtime.pipeline.language.faults import Fault, LanguageFailed, refuse
from levada_runtime.pipeline.language.nodes import Fields, Literal, Node, Row
from levada_runtime.pipeline.language.parse import Builder, parse
from levada_runtime.pipeline.language.references import Reading, read_leaf, read_text


class TemplateBuilder(Builder):
    """Makes nodes of a template's tree."""

    def template(self, children: list[Node]) -> Node:
        return children[0]

    def sequence(self, children: list[Node]) -> Node:
        return Row(tuple(children))

    def pair(self, children: list[Any]) -> tuple[Token, str, Node]:
        token, node = children
        return token, self.unquoted(token) if token.type == "STRING" else str(token), node

    def mapping(self, children: list[tuple[Token, str, Node]]) -> Node:
        items: dict[str, Node] = {}
        for token, key, node in children:
            if key in items:
                self.wrong(token, f"the key {key!r} is there twice")
            items[key] = node
        return Fields(tuple(items.items()))

    def text(self, children: list[Token]) -> Node:
        token = children[0]
        try:
            return read_text(self.unquoted(token), self.reading)
        except LanguageFailed as failed:
            for fault in failed.faults:
                self.wrong(token, fault.message, 0 if "\\" in token else fault.column)
            return Literal("")


def read_template(text: str, reading: Reading) -> Node:
    """Read a template. Raises LanguageFailed."""
    return TemplateBuilder(reading).build(parse(text, "template"))


def read_value(given: Any, reading: Reading) -> Node:
    """Read a value of YAML, whose texts may hold references. Raises LanguageFailed with every fault below."""
    if isinstance(given, str):
        return read_leaf(given, reading)
    if isinstance(given, dict):
        return Fields(tuple(zip(given, _read_all(given.items(), reading), strict=True)))
    if isinstance(given, list):
        return Row(tuple(_read_all(enumerate(given), reading)))
    return Literal(given)


def _read_all(given: Any, reading: Reading) -> list[Node]:
    read: list[Node] = []
    faults: list[Fault] = []
    for key, one in given:
        try:
            read.append(read_value(one, reading))
        except LanguageFailed as failed:
            faults.extend(fault.below(key) for fault in failed.faults)
    refuse(faults)
    return read
