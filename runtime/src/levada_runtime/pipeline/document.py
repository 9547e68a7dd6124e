"""Reads the YAML that pipelines are written in, and remembers where everything stood.

It is YAML without surprises: scalars are read as JSON reads them (`NO`, `012` and `2024-01-01` are text), keys are
text, and there are no anchors, aliases, tags or second documents, so a short text can never become a large value.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from levada_runtime.pipeline.problems import PipelineRefused, Problem

MOST_CHARACTERS: Final = 128 * 1024
MOST_DEPTH: Final = 32

Path = tuple[str | int, ...]

_STRING: Final = "tag:yaml.org,2002:str"
_PLAIN: Final[tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...]] = (
    (re.compile(r"~|null|"), lambda _: None),
    (re.compile(r"true|false"), lambda text: text == "true"),
    (re.compile(r"-?(0|[1-9][0-9]{0,17})"), int),
    (re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?"), float),
)
_LINE_END: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_UNFIT: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(slots=True)
class Document:
    """What a text says, and where."""

    file: str
    lines: list[str]
    data: Any = None
    values: dict[Path, yaml.Node] = field(default_factory=dict)
    keys: dict[Path, yaml.Node] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def note(self, path: Path, message: str, *, key: bool = False) -> None:
        """Note a problem with the value at a path, or with its key; with what is around it when it is not there."""
        mark = self._mark(path, key=key)
        self.problems.append(Problem(mark.line + 1, mark.column + 1, message, self.file))

    def note_within(self, path: Path, line: int, column: int, message: str) -> None:
        """Note a problem at a line and column within the text at a path."""
        node = self.values.get(path)
        place = self._place(node, line, column) if isinstance(node, yaml.ScalarNode) else None
        if place is None:
            self.note(path, message)
        else:
            self.problems.append(Problem(*place, message, self.file))

    def line_of(self, path: Path) -> int:
        """Return the line at which a value begins."""
        return self._mark(path, key=False).line + 1

    def _mark(self, path: Path, *, key: bool) -> yaml.Mark:
        if key and path in self.keys:
            return self.keys[path].start_mark
        while path not in self.values and path:
            path = path[:-1]
        return self.values[path].start_mark

    def _place(self, node: yaml.ScalarNode, line: int, column: int) -> tuple[int, int] | None:
        row, start = node.start_mark.line, node.start_mark.column
        said = node.value.split("\n")
        if node.style == "|":
            row, written = row + line, said[line - 1] if line <= len(said) else ""
            source = self.lines[row] if row < len(self.lines) else ""
            return (row + 1, len(source) - len(written) + column) if source.endswith(written) else None
        for start_at in (start, start + 1):
            if self.lines[row][start_at:].startswith(node.value):
                return row + 1, start_at + column
        return None


def read(text: str, file: str) -> Document:
    """Return what a YAML text says. Raises PipelineRefused for one that is no YAML, or too much of it."""
    document = Document(file, _LINE_END.split(text))
    if len(text) > MOST_CHARACTERS:
        raise PipelineRefused([Problem(1, 1, f"a pipeline has at most {MOST_CHARACTERS // 1024} Ki characters", file)])
    try:
        root = _Composer(text, document).get_single_node()
    except yaml.YAMLError as error:
        raise PipelineRefused([*document.problems, _syntax(error, text, file)]) from None
    if root is None:
        raise PipelineRefused([Problem(1, 1, "there is nothing in it; a pipeline begins with `pipeline: NAME`", file)])
    document.data = _value(root, (), document)
    return document


class _Composer(yaml.SafeLoader):
    """Composes nodes, shallow ones, and none that stand for others."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way to have one's own

    def __init__(self, text: str, document: Document) -> None:
        super().__init__(text)
        self._document = document
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call] # the stubs leave the parser untyped
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call] # the stubs leave the parser untyped
            self._note(event, f"aliases are not part of pipelines; write out what *{event.anchor} stands for")
            return _empty_text(event)
        if event.anchor is not None:
            self._note(event, f"anchors are not part of pipelines; leave &{event.anchor} out")
            event.anchor = None
        if getattr(event, "tag", None) is not None:
            self._note(event, f"tags are not part of pipelines; leave {event.tag} out")
            event.tag = None
        self._depth += 1
        if self._depth > MOST_DEPTH:
            message = f"this is nested more than {MOST_DEPTH} deep"
            raise yaml.composer.ComposerError(None, None, message, event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _note(self, event: Any, message: str) -> None:
        mark = event.start_mark
        self._document.problems.append(Problem(mark.line + 1, mark.column + 1, message, self._document.file))


def _empty_text(event: Any) -> yaml.Node:
    return yaml.ScalarNode(_STRING, "", event.start_mark, event.end_mark, style="'")


def _value(node: yaml.Node, path: Path, document: Document) -> Any:
    document.values[path] = node
    if isinstance(node, yaml.MappingNode):
        return {key: _value(value, (*path, key), document) for key, value in _pairs(node, path, document)}
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*path, index), document) for index, one in enumerate(node.value)]
    return _scalar(node, path, document)


def _pairs(node: yaml.MappingNode, path: Path, document: Document) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value:
        where = (*path, str(key.value))
        if not isinstance(key, yaml.ScalarNode):
            document.values[where] = key
            document.note(where, "a key is text")
        elif where in document.keys:
            before = document.keys[where].start_mark.line + 1
            document.values[(*where, "again")] = key
            document.note((*where, "again"), f"the key {key.value!r} is there twice; the first is at line {before}")
        else:
            document.keys[where] = key
            yield str(key.value), value


def _scalar(node: yaml.Node, path: Path, document: Document) -> Any:
    text = str(node.value)
    if _UNFIT.search(text):
        document.note(path, "text holds no U+0000 and no half of a surrogate pair; write the character itself")
    if isinstance(node, yaml.ScalarNode) and node.style is None:
        for pattern, read_so in _PLAIN:
            if pattern.fullmatch(text):
                return read_so(text)
    return text


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        return Problem(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, message, file)
    position = getattr(error, "position", 0)
    line_start = text.rfind("\n", 0, position) + 1
    message = "this character is not allowed in YAML"
    return Problem(text.count("\n", 0, position) + 1, position - line_start + 1, message, file)
