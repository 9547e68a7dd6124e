"""A report that is written while it is being worked on."""

import io
import textwrap
from collections import OrderedDict, UserDict
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from functools import total_ordering
from string import Template

_HEAD = Template("== $title ($count) ==")


@total_ordering
class Section:
    """A part of the report, which counts."""

    __slots__ = ("_count", "name")
    __match_args__ = ("name",)

    def __init__(self, name: str, count: int = 0) -> None:
        self.name = name
        self._count = count

    def __iadd__(self, more: int) -> "Section":
        self._count += more
        return self

    def __int__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Section) and self._count == other._count

    def __lt__(self, other: "Section") -> bool:
        return self._count < other._count

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self._count})"


class Report:
    """Lines under a title."""

    def __init__(self, *, title: str) -> None:
        self.title = title
        self.sections: OrderedDict[str, int] = OrderedDict()
        self.__lines = []

    @contextmanager
    def section(self, name: str):
        section = Section(name)
        try:
            yield section
        finally:
            self.sections[name] = int(section)

    def add(self, document: dict) -> None:
        self.__lines.append(f"{document['customer_id']:>3} {document['name']:<14.14}|{document.get('email') or '-'}")

    def __str__(self) -> str:
        with ExitStack() as stack, suppress(KeyError):
            out = stack.enter_context(io.StringIO())
            print_to = out.write
            print_to(_HEAD.substitute(title=self.title, count=len(self.__lines)))
            for line in self.__lines:
                print_to("\n" + textwrap.indent(line, "  "))
            return out.getvalue()


class Totals(UserDict):
    """Sums by key: absent ones are zero."""

    def __missing__(self, key):
        return Decimal(0)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback) -> bool:
        return False
