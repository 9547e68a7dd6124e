"""Turns text into trees by the grammar, and says what was expected where it does not fit."""

import re
from functools import cache
from typing import Any, Final, Literal

from lark import Lark, Token, Transformer_NonRecursive, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from levada_runtime.pipeline.language import nodes
from levada_runtime.pipeline.language.faults import Fault, LanguageFailed, refuse
from levada_runtime.pipeline.language.references import Reading, read_reference

MOST_DEPTH: Final = 32
MOST_CHARACTERS: Final = {"condition": 4_096, "template": 65_536}

_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_MOST_DIGITS: Final = 40
_WORDS: Final = {
    "$END": "the end",
    "AND": "and",
    "OR": "or",
    "COMMA": "','",
    "COLON": "':'",
    "RBRACE": "'}'",
    "RSQB": "']'",
    "RPAR": "')'",
    "LPAR": "'('",
    "NAME": "a key",
    "OPERATOR": "a comparison (== != > >= < <= in contains exists)",
    "REFERENCE": "a reference such as $event.payload.email",
    "STRING": "text in quotes",
}


def parse(text: str, start: Literal["condition", "template"]) -> Tree[Token]:
    """Return the tree of a condition or a template. Raises LanguageFailed."""
    most = MOST_CHARACTERS[start]
    if len(text) > most:
        raise LanguageFailed([Fault(f"a {start} has at most {most} characters, not {len(text)}")])
    try:
        return _parser().parse(text, start=start)
    except UnexpectedInput as error:
        raise LanguageFailed([_fault(text, start, error)]) from None


class Builder(Transformer_NonRecursive[Token, Any]):
    """Makes nodes of what both languages share, and gathers what is wrong on the way."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading
        self.faults: list[Fault] = []

    def build(self, tree: Tree[Token]) -> nodes.Node:
        """Return the tree's node. Raises LanguageFailed with all faults."""
        node = self.transform(tree)
        refuse(self.faults)
        if any(depth > MOST_DEPTH for _, depth in nodes.walk(node)):
            raise LanguageFailed([Fault(f"this is nested more than {MOST_DEPTH} deep")])
        assert isinstance(node, nodes.Node)
        return node

    def wrong(self, token: Token, message: str, offset: int = 0) -> nodes.Node:
        """Note a fault, and return something to go on with."""
        self.faults.append(Fault(message, token.line or 1, (token.column or 1) + offset))
        return nodes.Literal(None)

    def reference(self, children: list[Token]) -> nodes.Node:
        try:
            return read_reference(children[0], self.reading)
        except LanguageFailed as failed:
            return self.wrong(children[0], failed.faults[0].message)

    def number(self, children: list[Token]) -> nodes.Node:
        token = children[0]
        if len(token) <= _MOST_DIGITS:
            value = float(token) if set(token) & set(".eE") else int(token)
            if abs(value) < (2**63 if isinstance(value, int) else float("inf")):
                return nodes.Literal(value)
        return self.wrong(token, "this number is too large; write it as text, in quotes")

    def now(self, _: list[Token]) -> nodes.Node:
        return nodes.Now()

    def true(self, _: list[Token]) -> nodes.Node:
        return nodes.Literal(True)  # noqa: FBT003 - the literal itself

    def false(self, _: list[Token]) -> nodes.Node:
        return nodes.Literal(False)  # noqa: FBT003 - the literal itself

    def null(self, _: list[Token]) -> nodes.Node:
        return nodes.Literal(None)

    def unquoted(self, token: Token) -> str:
        """Return what a quoted text says."""
        for matched in _ESCAPE.finditer(token[1:-1]):
            if matched[1][0] != "u" and matched[1] not in _ESCAPES:
                self.wrong(token, f"there is no escape {matched[0]!r}; a backslash itself is written twice")
        text = _ESCAPE.sub(_unescape, token[1:-1])
        try:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self.wrong(token, "half of a surrogate pair is no character")
            return ""
        if "\0" in text:
            self.wrong(token, "the character U+0000 cannot be stored or sent")
        return text


def _unescape(matched: re.Match[str]) -> str:
    sign = matched[1]
    return chr(int(sign[1:], 16)) if len(sign) > 1 else _ESCAPES.get(sign, sign)


@cache
def _parser() -> Lark:
    return Lark.open(
        "grammar.lark", rel_to=__file__, parser="lalr", start=["condition", "template"], maybe_placeholders=False
    )


def _fault(text: str, start: str, error: UnexpectedInput) -> Fault:
    line, column = max(error.line, 1), max(error.column, 1)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return Fault(f"the {start} ends too early: expected {_expected(error.accepts or error.expected)}", line, column)
    found = str(error.token) if isinstance(error, UnexpectedToken) else text[error.pos_in_stream :][:1]
    return Fault(f"unexpected {found!r}{_advice(found, start, error)}", line, column)


def _advice(found: str, start: str, error: UnexpectedInput) -> str:
    if found in {'"', "'"}:
        return ": this text has no closing quote on its line"
    if found == "=":
        return ": equality is written =="
    if found in {"&", "|", "!"}:
        return ": write and, or, not"
    expected: set[str] = set()
    if isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
    elif isinstance(error, UnexpectedCharacters):
        expected = set(error.allowed or ())
    if re.fullmatch(r"[^\W\d][\w-]*", found) and "STRING" in expected:
        return f': text stands in quotes ("{found}"), a value of the event is $event.…'
    return f"; expected {_expected(expected)}" if start == "condition" or isinstance(error, UnexpectedToken) else ""


def _expected(terminals: Any) -> str:
    words = sorted({_WORDS[name] for name in terminals if name in _WORDS})
    return " or ".join(words) if words else "something else"
