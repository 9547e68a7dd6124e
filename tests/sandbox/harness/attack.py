"""One attack: a file whose first comment lines say what it is, and whose code is run as it stands."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_HEADER = re.compile(r"#\s*([a-z][a-z ]*?)\s*:\s*(.*\S)\s*$")
_BECAUSE = re.compile(r"(none|in host)\s*,?\s*because\s+(.+)$", re.IGNORECASE)
LANGUAGE, BOUNDARY = "language", "boundary"


class NotAnAttack(Exception):  # noqa: N818 - it is what it says.
    """The file does not say what it is."""


@dataclass(frozen=True, slots=True)
class Control:
    """Where the attack has to succeed: with every layer off, in the host itself, or nowhere for a reason."""

    place: Literal["off", "host", "none"] = "off"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Attack:
    """What a file says about itself; `source` is all of it."""

    path: Path
    name: str
    level: Literal["language", "boundary"]
    category: str
    proof: str
    source: str
    control: Control = Control()
    stated_control: bool = False
    root_only: str | None = None
    without_module: str | None = None
    cpu_s: float | None = None
    wall_s: float | None = None


def attacks_in(folder: Path) -> tuple[list[Attack], list[str]]:
    """Return the attacks of a folder (or the one in a file), sorted by name, and what is wrong with other files."""
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*.py"))
    found, wrong = [], []
    for path in paths:
        name = path.stem if path == folder else str(path.relative_to(folder).with_suffix(""))
        try:
            found.append(read(path, name))
        except (NotAnAttack, OSError, UnicodeDecodeError) as error:
            wrong.append(f"{path}: {error}")
    return found, wrong


def some_of_each(attacks: list[Attack], most: int) -> list[Attack]:
    """Return the first few attacks of each category at each level."""
    kept = Counter[tuple[str, str]]()
    found = []
    for attack in attacks:
        kept[attack.level, attack.category] += 1
        if kept[attack.level, attack.category] <= most:
            found.append(attack)
    return found


def read(path: Path, name: str) -> Attack:
    """Return the attack in that file, or raise NotAnAttack."""
    source = path.read_text(encoding="utf-8")
    said = _header(source)
    level = said.get("level", "").lower()
    if level not in (LANGUAGE, BOUNDARY):
        raise NotAnAttack("its first lines should say `# level: language` or `# level: boundary`")
    control = _control(said.get("control"))
    return Attack(
        path=path,
        name=name,
        level=level,
        category=said.get("category", "uncategorised"),
        proof=said.get("escape proof", ""),
        source=source,
        control=control,
        stated_control="control" in said,
        root_only=said.get("root only"),
        without_module=said.get("without module"),
        cpu_s=float(said["cpu"]) if "cpu" in said else None,
        wall_s=float(said["wall"]) if "wall" in said else None,
    )


def _header(source: str) -> dict[str, str]:
    said: dict[str, str] = {}
    last = None
    for line in source.splitlines():
        if not line.startswith("#"):
            break
        matched = _HEADER.match(line)
        if matched:
            last = matched[1]
            said.setdefault(last, matched[2])
        elif last is not None and line.startswith("#   "):
            said[last] += f" {line.lstrip('# ')}"
    return said


def _control(text: str | None) -> Control:
    if text is None:
        return Control()
    matched = _BECAUSE.match(text)
    if not matched:
        raise NotAnAttack("its control should read `none, because …` or `in host, because …`")
    return Control("none" if matched[1].lower() == "none" else "host", matched[2])


def after_future_imports(source: str, preamble: str) -> str:
    """Put a line into a module where it comes before all else that runs: imports from the future must stay first."""
    try:
        futures = [
            node.end_lineno or 0
            for node in ast.parse(source).body
            if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        ]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        futures = []
    lines = source.splitlines(keepends=True)
    at = max(futures, default=0)
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += "\n"
    return "".join([*lines[:at], f"{preamble}\n", *lines[at:]])
