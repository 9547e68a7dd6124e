"""Secrets in the fields of a delivery: names while it is stored, values only in the moment of sending.

A text without secrets is rendered as text. One with secrets is rendered as a list of parts, each a text or
`{"secret": "name"}`; a value of an event is always within a text, so it can never become such a part.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from levada_runtime.pipeline.language.nodes import Node, Secret, walk
from levada_runtime.pipeline.language.nodes import Text as TextNode
from levada_runtime.pipeline.language.scope import Scope
from levada_runtime.pipeline.language.spelling import to_text

SECRET_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


def render(node: Node, scope: Scope) -> str | list[str | dict[str, str]]:
    """Return a text with its references resolved and its secrets by name."""
    pieces = node.pieces if isinstance(node, TextNode) else (node,)
    parts = [{"secret": one.name} if isinstance(one, Secret) else to_text(one.value(scope)) for one in pieces]
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else parts


def reveal(rendered: str | list[Any], secrets: Mapping[str, str]) -> str:
    """Return the text with the secrets' values in it. Raises KeyError with the name of one that is not there."""
    if isinstance(rendered, str):
        return rendered
    return "".join(part if isinstance(part, str) else secrets[part["secret"]] for part in rendered)


def names(node: Node) -> frozenset[str]:
    """Return the names of the secrets that a text holds."""
    return frozenset(one.name for one, _ in walk(node) if isinstance(one, Secret))
