"""What was found, as a person reads it: a table per level, the controls, and one closing line."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.sandbox.harness.controls import EXCEPTED, SUCCEEDED
from tests.sandbox.harness.suite import Findings
from tests.sandbox.harness.verdict import CLASSES, ESCAPED, Verdict
from tests.sandbox.harness.walls import OFF, TITLES

_COLUMNS = (*CLASSES, ESCAPED)


def lines(found: Findings) -> Iterator[str]:
    """Yield the report."""
    for level in sorted({verdict.asked for verdict in found.verdicts}, reverse=True):
        verdicts = [verdict for verdict in found.verdicts if verdict.asked == level]
        for kind in sorted({verdict.kind for verdict in verdicts}):
            yield from _table(level, kind, [verdict for verdict in verdicts if verdict.kind == kind])
    for level, reason in found.unreachable.items():
        yield f"{level} ({TITLES[level]}) was not tried: {reason}"
    if found.controls:
        yield from _controls(found)
    yield from _problems(found)
    where = ", ".join(sorted({verdict.level for verdict in found.verdicts if verdict.asked != OFF}, reverse=True))
    yield f"{len(found.verdicts)} attempts at {where or 'no level'}"
    yield f"{found.attacks} attacks, {len(found.escaped)} escapes"


def _table(level: str, kind: str, verdicts: list[Verdict]) -> Iterator[str]:
    reported = ", ".join(sorted({verdict.level for verdict in verdicts}))
    title = "the policy alone, every layer off" if level == OFF else TITLES[level]
    yield f"{level}: {title}; {kind}; the children themselves reported {reported}"
    width = max(len(verdict.category) for verdict in verdicts) + 2
    yield "  " + "category".ljust(width) + "".join(name.rjust(len(name) + 2) for name in ("tried", *_COLUMNS))
    by_category: dict[str, list[Verdict]] = {}
    for verdict in sorted(verdicts, key=lambda each: each.category):
        by_category.setdefault(verdict.category, []).append(verdict)
    for category, some in by_category.items():
        yield _row(category, some, width)
    yield _row("all", verdicts, width)
    yield ""


def _row(name: str, verdicts: Iterable[Verdict], width: int) -> str:
    counts = Counter(verdict.became for verdict in verdicts)
    cells = [("tried", sum(counts[each] for each in _COLUMNS)), *((each, counts[each]) for each in _COLUMNS)]
    return "  " + name.ljust(width) + "".join(str(count or ".").rjust(len(title) + 2) for title, count in cells)


def _controls(found: Findings) -> Iterator[str]:
    went = Counter(checked.went for checked in found.controls)
    yield f"controls: {went[SUCCEEDED]} of {len(found.controls)} attacks succeed without the wall"
    excepted = [checked for checked in found.controls if checked.went == EXCEPTED]
    if excepted:
        yield f"  {len(excepted)} need none, each for its reason:"
        yield from (f"    {checked.attack}: {checked.words}" for checked in excepted)
    for checked in found.failed_controls:
        yield f"  control did not succeed: {checked.attack}: {checked.words}"
    yield ""


def _problems(found: Findings) -> Iterator[str]:
    yield from (f"wrong: {text}" for text in found.wrong)
    for verdict in found.untried:
        yield f"{verdict.became}: {verdict.attack} at {verdict.asked}: {verdict.reason}: {verdict.message}"
    for verdict in found.escaped:
        yield f"ESCAPED: {verdict.attack} at {verdict.asked}: {'; '.join(verdict.damage)}"
