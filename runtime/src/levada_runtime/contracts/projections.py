"""Whether a contract's projection can be carried out: its words are spelled right, and its fields are there."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from levada._graph_rows import KIND
from levada.contracts import Contract, Link, Projection


def unprojectable(offered: type[Contract]) -> str | None:
    """Say why a contract's projection is none; None when it is one, or there is none."""
    projection: Any = offered.projection
    if projection is None:
        return None
    if not isinstance(projection, Projection):
        return f"{offered.document_type!r}, whose projection is no Projection"
    for kind in _kinds(projection):
        if not KIND.fullmatch(kind):
            return f"{offered.document_type!r}, whose projection has the kind {kind!r}, which is not snake_case"
    for name in _fields(projection):
        if name not in offered.model_fields:
            return f"{offered.document_type!r}, whose projection names {name!r}, which is none of its fields"
    return None


def unknown_word(projection: Projection, classes: Collection[str], verbs: Collection[str]) -> str | None:
    """Say which class or verb of a projection the graph does not know."""
    if projection.class_ is not None and projection.class_ not in classes:
        return f"the class {projection.class_!r}"
    return next((f"the verb {link.verb!r}" for link in projection.links if link.verb not in verbs), None)


def _kinds(projection: Projection) -> Iterable[str]:
    return projection.kind, *(end.kind for link in projection.links for end in (link.start, link.to) if end)


def _fields(projection: Projection) -> Iterator[str]:
    yield from projection.traits
    if projection.name is not None:
        yield projection.name
    for link in projection.links:
        yield from _named(link)


def _named(link: Link) -> Iterator[str]:
    yield from link.properties
    yield from (end.field.partition(".")[0] for end in (link.start, link.to) if end)
    yield from (condition[0] for condition in (link.when, link.unless) if condition)


def told_links(projection: Projection, quote: str = "") -> list[str]:
    """Return a projection's links in words, each as `customer OWES invoice if status is open`."""
    return list(dict.fromkeys(_told(link, projection.kind, quote) for link in projection.links))


def _told(link: Link, own: str, quote: str) -> str:
    start, stop = (end.kind if end else own for end in (link.start, link.to))
    words = f"{quote}{start}{quote} {link.verb} {quote}{stop}{quote}"
    for condition, word in ((link.when, "if"), (link.unless, "unless")):
        if condition is not None:
            words += f" {word} {quote}{condition[0]}{quote} is {' or '.join(condition[1])}"
    return words
