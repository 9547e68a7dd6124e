"""Conditions, as text and in their structured form.

From the loosest binding to the tightest: `or`, `and`, `not`, then the comparisons `== != > >= < <= in not in contains`
and `exists`; parentheses group. A reference by itself holds when it is `true` and nothing else. `exists` holds for
whatever is there, null too; every comparison with something undefined is false.
"""

from dataclasses import dataclass
from typing import Any, Final

from lark import Token

from levada_runtime.pipeline.language.faults import Fault, LanguageFailed, did_you_mean, refuse
from levada_runtime.pipeline.language.nodes import Literal, Node, Reference, Row
from levada_runtime.pipeline.language.operators import OPERATORS, compare
from levada_runtime.pipeline.language.parse import Builder, parse
from levada_runtime.pipeline.language.references import Reading, read_leaf
from levada_runtime.pipeline.language.scope import UNDEFINED, Scope
from levada_runtime.pipeline.language.templates import read_value

_STRUCTURED: Final = ("all", "any", "not", "field", "op", "value")


@dataclass(frozen=True, slots=True)
class Compared(Node):
    """Two values held against each other."""

    name: str
    left: Node
    right: Node

    def parts(self) -> tuple[Node, ...]:
        return self.left, self.right

    def value(self, scope: Scope) -> bool:
        return compare(self.name, self.left.value(scope), self.right.value(scope))


@dataclass(frozen=True, slots=True)
class Present(Node):
    """Whether something is there."""

    of: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.of,)

    def value(self, scope: Scope) -> bool:
        return self.of.value(scope) is not UNDEFINED


@dataclass(frozen=True, slots=True)
class Negated(Node):
    """What holds when the other does not."""

    of: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.of,)

    def value(self, scope: Scope) -> bool:
        return self.of.value(scope) is not True


@dataclass(frozen=True, slots=True)
class All(Node):
    """What holds when each does."""

    of: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.of

    def value(self, scope: Scope) -> bool:
        return all(one.value(scope) is True for one in self.of)


@dataclass(frozen=True, slots=True)
class AnyOf(Node):
    """What holds when one does."""

    of: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.of

    def value(self, scope: Scope) -> bool:
        return any(one.value(scope) is True for one in self.of)


@dataclass(frozen=True, slots=True)
class Choice(Row):
    """A list to look in, where what is undefined equals nothing, null neither."""

    def value(self, scope: Scope) -> Any:
        return [node.value(scope) for node in self.items]


class ConditionBuilder(Builder):
    """Makes nodes of a condition's tree."""

    def condition(self, children: list[Node]) -> Node:
        return children[0]

    def either(self, children: list[Node]) -> Node:
        return AnyOf(tuple(children))

    def both(self, children: list[Node]) -> Node:
        return All(tuple(children))

    def negated(self, children: list[Node]) -> Node:
        return Negated(children[0])

    def compared(self, children: list[Any]) -> Node:
        left, name, right = children
        return Compared(" ".join(str(name).split()), left, right)

    def present(self, children: list[Token]) -> Node:
        return Present(self.reference(children))

    def held(self, children: list[Node]) -> Node:
        node = children[0]
        if not isinstance(node, Reference) and not (isinstance(node, Literal) and isinstance(node.literal, bool)):
            self.faults.append(Fault("a value by itself is no condition; compare it with something"))
        return node

    def choice(self, children: list[Node]) -> Node:
        return Choice(tuple(children))

    def text(self, children: list[Token]) -> Node:
        return Literal(self.unquoted(children[0]))


def read_condition(given: Any, reading: Reading) -> Node:
    """Read a condition in either form. Raises LanguageFailed."""
    if isinstance(given, str):
        return ConditionBuilder(reading).build(parse(given, "condition"))
    if not isinstance(given, dict):
        raise LanguageFailed([Fault("a condition is a text such as $event.payload.amount > 100, or a mapping")])
    unknown = [key for key in given if key not in _STRUCTURED]
    refuse(Fault(f"unknown key {key!r}{did_you_mean(key, _STRUCTURED)}", path=(key,), at_key=True) for key in unknown)
    groups = [key for key in ("all", "any", "not") if key in given]
    if not groups:
        return _read_comparison(given, reading)
    if len(given) > 1:
        raise LanguageFailed([Fault(f"`{groups[0]}` stands alone in its mapping", path=(groups[0],), at_key=True)])
    return _read_group(groups[0], given[groups[0]], reading)


def _read_group(group: str, given: Any, reading: Reading) -> Node:
    if group == "not":
        return Negated(_below(group, given, reading))
    if not isinstance(given, list) or not given:
        raise LanguageFailed([Fault(f"`{group}` takes a list of conditions", path=(group,))])
    read: list[Node] = []
    faults: list[Fault] = []
    for index, one in enumerate(given):
        try:
            read.append(_below(index, one, reading))
        except LanguageFailed as failed:
            faults.extend(fault.below(group) for fault in failed.faults)
    refuse(faults)
    return All(tuple(read)) if group == "all" else AnyOf(tuple(read))


def _below(key: str | int, given: Any, reading: Reading) -> Node:
    try:
        return read_condition(given, reading)
    except LanguageFailed as failed:
        raise LanguageFailed([fault.below(key) for fault in failed.faults]) from None


def _read_comparison(given: dict[str, Any], reading: Reading) -> Node:
    names = (*OPERATORS, "exists")
    missing = [key for key in ("field", "op") if key not in given]
    refuse(Fault(f"a comparison needs `{key}`") for key in missing)
    name = given["op"]
    if name not in names:
        raise LanguageFailed([Fault(f"unknown operator {name!r}{did_you_mean(str(name), names)}", path=("op",))])
    if ("value" in given) is (name == "exists"):
        says = "`exists` takes no `value`" if name == "exists" else f"`{name}` needs a `value`"
        raise LanguageFailed([Fault(says)])
    field = _read_field(given["field"], reading)
    if name == "exists":
        return Present(field)
    try:
        return Compared(name, field, read_value(given["value"], reading))
    except LanguageFailed as failed:
        raise LanguageFailed([fault.below("value") for fault in failed.faults]) from None


def _read_field(given: Any, reading: Reading) -> Node:
    try:
        node = read_leaf(given, reading) if isinstance(given, str) else Literal(given)
    except LanguageFailed as failed:
        raise LanguageFailed([fault.below("field") for fault in failed.faults]) from None
    if not isinstance(node, Reference):
        raise LanguageFailed([Fault("`field` is a reference such as $event.payload.plan", path=("field",))])
    return node
