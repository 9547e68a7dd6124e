"""The pytest case that is written beside a captured cassette. Values in, text out."""

import re
from typing import Any, Final

from levada._cassette import Cassette

_REPRODUCED: Final = frozenset({"connector_error", "auth", "source_unavailable", "rate_limited"})
_TEMPLATE: Final = '''"""{heading}

Written by `runtime runs capture`; the cassette beside it holds the HTTP of the run, without credentials.
"""

{imports}from {package} import {attribute}


{marker}def test_{name}(connector_run):
    """The route asks, and keeps, what it asked and kept then."""
    bench = connector_run({attribute}, cassette="{file}")
    run = {call}
{assertions}
'''
_MARKER: Final = """# Take this mark away once the connector is mended: a test that passes in spite of it fails.
@pytest.mark.xfail(strict=True, reason={reason!r})
"""


def captured_test(
    cassette: Cassette, file: str, imported: tuple[str, str], view: dict[str, Any], delivery: dict[str, Any] | None
) -> str:
    """Return the test of a cassette in `file` beside it; `imported` is the connector's module and its name in it.

    `view` is the run as scripts see it; a webhook's has a `delivery`. A run that failed by what its route did or was
    answered is expected to fail again, until the connector is mended.
    """
    failed = view["error"] if view["state"] == "failed" and view["reason"] in _REPRODUCED else None
    package, attribute = imported
    return _TEMPLATE.format(
        heading=_heading(cassette, view),
        imports="import pytest\n" if failed else "",
        package=package,
        attribute=attribute,
        marker=_marker(failed) if failed else "",
        name=_word(f"{cassette.connector}_{cassette.stream}_as_recorded"),
        file=file,
        call=_call(cassette, view, delivery or {}),
        assertions="\n".join(f"    {line}" for line in _assertions(cassette, view)),
    )


def file_of_test(stem: str) -> str:
    """Return the name of the test's file for that of its cassette, without its ending."""
    word = _word(stem)
    return f"{word}.py" if word.startswith("test_") else f"test_{word}.py"


def _heading(cassette: Cassette, view: dict[str, Any]) -> str:
    when = cassette.now.date().isoformat() if cassette.now else "some day"
    return f"{view['connection'] or cassette.connector}, {cassette.stream}: the run {cassette.run} of {when}, offline."


def _marker(error: dict[str, Any]) -> str:
    told = str(error["message"]).partition("\n")[0]
    return _MARKER.format(reason=f"the run failed, {error['code']}: {told}"[:300])


def _call(cassette: Cassette, view: dict[str, Any], delivery: dict[str, Any]) -> str:
    words = [repr(cassette.stream), *(f"{name}={value!r}" for name, value in delivery.items())]
    if cassette.window is not None:
        words.append("*bench.cassette.window")
    if view["observing"]:
        words.append("observe=True")
    return f"bench.{cassette.mode}({', '.join(words)})"


def _assertions(cassette: Cassette, view: dict[str, Any]) -> list[str]:
    """Return what held of the run; of one that was cut, or did not succeed, no more than that it ends."""
    if cassette.cut or view["state"] not in ("succeeded", "partial"):
        return ["assert not run.killed"]
    lines = [
        f"assert len(run.requests) == {len(cassette.exchanges)}",
        f"assert len(run.failed_records) == {view['counts']['failed']}",
    ]
    after = view["checkpoint"]["after"]
    whole = set(cassette.checkpoint or {"": {}}) == {""}
    if cassette.mode == "poll" and isinstance(after, dict) and whole and not view["observing"]:
        lines.append(f"assert run.checkpoint == {after!r}")
    return lines


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower() or "captured"
