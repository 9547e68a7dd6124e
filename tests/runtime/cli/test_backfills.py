"""What a person sees of a backfill: a bar on a terminal, and what it came to."""

import io

import pytest
from rich.console import Console

from levada_runtime.cli.backfills import _Bar, _ended
from levada_runtime.cli.frame import Session

SLICES = {"total": 52, "done": 13, "failed": 0, "waiting": 37}
COUNTS = {"created": 1300, "updated": 0, "unchanged": 7, "retired": 0, "failed": 0}


def view(**changed):
    return {"id": "b-1", "state": "running", "slices": SLICES, "counts": COUNTS, "eta_s": None, "holes": [], **changed}


def shown(*views, as_json=False, terminal=True):
    """Return what a console shows of a bar."""
    out = Console(file=io.StringIO(), force_terminal=terminal, width=120, no_color=True, highlight=False)
    session = Session("backfill", as_json=as_json)
    session.out = out
    with _Bar(session, "acme [invoices]") as bar:
        for one in views:
            bar.show(one)
    return out.file.getvalue()


@pytest.mark.parametrize(("seconds", "left"), [(42.4, "42 s left"), (600, "10 min left"), (5400, "1.5 h left")])
def test_a_bar_says_what_is_done_and_how_long_the_rest_will_take(seconds, left):
    """In the figures that machines get."""
    assert f"13/52 slices, 1300 created, 7 unchanged, {left}" in shown(view(eta_s=seconds))
    assert "acme [invoices]" in shown(view())


def test_nobody_knows_how_long_before_the_first_slice_has_ended():
    """And then nothing is said of it."""
    assert "left" not in shown(view(slices={**SLICES, "done": 0}))


def test_only_a_terminal_is_shown_a_bar():
    """Neither a file nor a machine."""
    assert shown(view(), terminal=False) == shown(view(), as_json=True) == ""


def test_a_hole_is_told_with_its_reason_and_the_way_out():
    """And the exit code says that something is missing."""
    hole = {"run": "r-1", "from": "F", "to": "T", "state": "failed", "reason": "timeout", "message": "too slow"}
    result = _ended(view(state="failed", holes=[hole]))
    assert result.exit_code == 1
    assert result.error["code"] == "backfill_failed"
    assert "39 slices not read; `runtime backfills resume b-1` goes on" in result.error["message"]
    out = Console(file=io.StringIO(), width=120)
    result.show(out)
    assert "F to T: timeout: too slow (run r-1)" in out.file.getvalue()
    assert [_ended(view(state=state)).exit_code for state in ("succeeded", "partial", "cancelled")] == [0, 4, 1]
