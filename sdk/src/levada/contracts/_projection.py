"""What a document stands for in the entity graph: one entity, and relationships that its fields name.

A projection is part of a contract. The runtime carries it out once a document is committed, and again whenever the
document changes; a document that is retired takes what it stood for with it.
"""

from dataclasses import dataclass

Condition = tuple[str, tuple[str, ...]]
"""(field, words that it may hold)"""


@dataclass(frozen=True, slots=True)
class End:
    """The entity at one end of a link: its kind, and the field that names its key.

    A field within the rows of a list is named by both, as in `line_items.item_id`: each row is then a link.
    """

    kind: str
    field: str


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship that a document stands for, between its own entity and others that its fields name.

    An end that is left out is the document's own entity. Where a field that names an end is empty there is no link;
    nor with `when`, unless the field it names holds one of its words, nor with `unless` if it does.
    """

    verb: str
    start: End | None = None
    to: End | None = None
    properties: tuple[str, ...] = ()
    when: Condition | None = None
    unless: Condition | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """The entity that a document stands for, known by its contract's identity field, and its links.

    `name` is the field that it is shown by. Fields that are empty become no traits, so that nothing is asserted of
    them. Without `class_` it is of its kind's own class.
    """

    kind: str
    class_: str | None = None
    name: str | None = None
    traits: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
