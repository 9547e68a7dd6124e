"""What every backfill must keep: its windows meet, each may be read again, and the poll has the last word.

`ConnectorConformance` has these rules. They run on the samples of `http`, over the windows of `backfills`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from levada._connector import Connector
from levada.contracts import Contract
from levada.testing.attempt import PageLost, RunResult
from levada.testing.harness import ConnectorBench

LONGEST = 1000
"""More pages than any sample has: the end of a rule that goes page by page."""
_PARTS = 4
Window = tuple[datetime, datetime]


class BackfillRules:
    """The rules of backfills; `backfills` names for each backfill stream the moments that its samples are cut at.

    The first and the last are the span that the samples lie in. With no moment between them the span is cut into four.
    """

    connector: ClassVar[Connector]
    http: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[Mapping[str, Any]] = {}
    secrets: ClassVar[Mapping[str, str]] = {}
    backfills: ClassVar[Mapping[str, Sequence[datetime]]] = {}
    contracts: ClassVar[Sequence[type[Contract]]] = ()

    def test_windows_that_meet_read_what_one_window_reads(self) -> None:
        """Slices cover their span, in whatever order they are read: nothing falls between two of them."""
        for stream, windows in self._each_backfill():
            whole = _read(self._bench(), stream, [(windows[0][0], windows[-1][1])])
            assert whole.ingest.committed or whole.entities, f"{stream} read nothing of its span"
            for way, order in (("", windows), (" in reverse", windows[::-1])):
                parts = _read(self._bench(), stream, order)
                assert _current(parts) == _current(whole), f"{stream} ends elsewhere when it is read in slices{way}"

    def test_a_record_is_read_in_one_window_only(self) -> None:
        """A window has its start and not its end, so that windows that meet read no record twice."""
        for stream, windows in self._each_backfill():
            seen: dict[tuple[str, str], Window] = {}
            for window in windows:
                for key in _read(self._bench(), stream, [window]).ingest.committed:
                    assert key not in seen, f"{stream} reads {key[1]} in {_told(seen[key])} and in {_told(window)}"
                    seen[key] = window

    def test_a_window_read_again_changes_nothing(self) -> None:
        """A slice that was finished may be read once more: every document stays at its version."""
        for stream, windows in self._each_backfill():
            bench = _read(self._bench(), stream, windows)
            before = state_of(bench)
            _read(bench, stream, windows)
            assert state_of(bench) == before, f"{stream} changed documents or graph when its windows were read again"

    def test_a_window_cut_short_is_read_to_its_end(self) -> None:
        """Killed after any page, or with any page lost, a window ends where an undisturbed one does when it goes on."""
        for stream, windows in self._each_backfill():
            window = windows[0][0], windows[-1][1]
            undisturbed = state_of(_read(self._bench(), stream, [window]))
            for how in ("kill_after", "lose_page"):
                for page in range(1, LONGEST):
                    disturbed = self._bench()
                    if not _is_cut(disturbed, stream, window, **{how: page}):
                        break
                    _read(disturbed, stream, [window])
                    assert state_of(disturbed) == undisturbed, f"{stream}, cut short at page {page}, ends elsewhere"

    def test_an_observed_window_changes_nothing(self) -> None:
        """Observed, a window is read, and documents, graph and checkpoint stay as they were."""
        for stream, windows in self._each_backfill():
            bench = self._bench()
            for start, end in windows:
                bench.backfill(stream, start, end, observe=True)
            assert state_of(bench) == state_of(self._bench()), f"{stream} kept something while it was observed"

    def test_a_backfill_leaves_what_the_poll_knows(self) -> None:
        """The same record is one document to both, and the past never goes over what the poll has read."""
        for stream, windows in self._each_backfill():
            if not any(route.mode == "poll" and route.stream == stream for route in self.connector.routes):
                continue
            bench = self._bench()
            bench.poll(stream)
            before, checkpoints = _current(bench)[0], dict(bench.ingest.checkpoints)
            _read(bench, stream, windows)
            after = _current(bench)[0]
            changed = [key[1] for key in before if after.get(key) != before[key]]
            assert not changed, f"the backfill of {stream} changed what its poll had read: {', '.join(changed[:5])}"
            known = {(key[0], bench.ingest.committed[key].source_id) for key in before}
            twice = [key[1] for key in sorted(after.keys() - before) if _named(bench, key) in known]
            assert not twice, f"the backfill of {stream} gives records of its poll other keys: {', '.join(twice[:5])}"
            assert bench.ingest.checkpoints == checkpoints, f"the backfill of {stream} moved the checkpoint of its poll"

    def _bench(self) -> ConnectorBench:
        return ConnectorBench(
            self.connector, http=self.http, settings=self.settings, secrets=self.secrets, contracts=self.contracts
        )

    def _each_backfill(self) -> Iterator[tuple[str, Sequence[Window]]]:
        """Yield every backfill stream with its windows; skips visibly when there is nothing to read."""
        streams = [route.stream for route in self.connector.routes if route.mode == "backfill"]
        if not streams:
            pytest.skip("the connector has no backfill stream")
        if not self.http:
            pytest.skip(f"{type(self).__name__} gives no http samples")
        if not self.backfills:
            pytest.skip(f"{type(self).__name__} gives no windows in backfills")
        for stream in streams:
            yield stream, windows_of(stream, self.backfills.get(stream, ()))


def windows_of(stream: str, moments: Sequence[datetime]) -> list[Window]:
    """Return the windows that a stream's span is cut into; they meet."""
    assert len(moments) > 1, f"backfills has no span for {stream}: name the moments that its samples lie between"
    assert all(one.tzinfo for one in moments), f"backfills has moments without a time zone for {stream}"
    assert all(one < other for one, other in pairwise(moments)), f"backfills has no rising moments for {stream}"
    first, last = moments[0], moments[-1]
    if len(moments) == 2:
        moments = [first + (last - first) * part / _PARTS for part in range(_PARTS)] + [last]
    return list(pairwise(moments))


def state_of(bench: ConnectorBench) -> tuple[Any, ...]:
    """Return all that a bench keeps: documents with their versions, the graph, and the checkpoints."""
    documents = {
        key: (document.versions[document.current - 1].payload_hash, len(document.versions), document.retired)
        for key, document in bench.ingest.committed.items()
    }
    return documents, bench.entities.all(), bench.relationships, dict(bench.ingest.checkpoints)


def _read(bench: ConnectorBench, stream: str, windows: Sequence[Window]) -> ConnectorBench:
    for start, end in windows:
        bench.backfill(stream, start, end)
    return bench


def _current(bench: ConnectorBench) -> tuple[dict[Any, Any], Any, Any]:
    """Return what stands now; by which versions it came to that may differ with the order."""
    documents = {key: (found.version.payload_hash, found.retired) for key, found in bench.ingest.committed.items()}
    return documents, bench.entities.all(), bench.relationships


def _is_cut(bench: ConnectorBench, stream: str, window: Window, **how: int) -> bool:
    try:
        run: RunResult = bench.backfill(stream, window[0], window[1], **how)
    except PageLost:
        return True
    return run.killed or run.lost


def _named(bench: ConnectorBench, key: tuple[str, str]) -> tuple[str, str] | None:
    """Return what the source calls a document, with its type."""
    source_id = bench.ingest.committed[key].source_id
    return None if source_id is None else (key[0], source_id)


def _told(window: Window) -> str:
    return " to ".join(moment.isoformat() for moment in window)
