"""One run of a route under test: what it asks is answered and remembered, page by page."""

import json as json_codec
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from levada._encoding import encode_json
from levada._graph import SAVED_INSIDE, GraphBatch, Relationship, SnapshotStep, SyncResult, WriteResult
from levada._http import HttpRequest, Response
from levada._ingest import BatchResult, Draft, FailedRecord, HandingOver, IngestResult
from levada._request import Reply
from levada._run import plain_fields
from levada.testing.graph import MemoryEntities, MemoryGraph
from levada.testing.memory import MemoryDocuments, MemoryIngest
from levada.testing.scripted import ScriptedHttp, SentRequest

Answer = TypeVar("Answer")


class Killed(BaseException):
    """The run was killed; no connector code may catch it."""


class PageLost(Exception):  # noqa: N818 - it is what happens to a page, and what a route sees of it
    """The page could not be written."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log; its fields are what is left of them as JSON."""

    level: str
    message: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: documents, graph and checkpoint are as they stand after it, the rest is the run's own."""

    documents: MemoryDocuments
    entities: MemoryEntities
    relationships: Sequence[Relationship]
    checkpoint: Mapping[str, Any]
    checkpoints: Mapping[str, Mapping[str, Any]]
    requests: Sequence[SentRequest]
    batches: Sequence[BatchResult]
    retired: Sequence[IngestResult]
    syncs: Sequence[SyncResult]
    writes: Sequence[WriteResult]
    failed_records: Sequence[FailedRecord]
    logs: Sequence[LogLine]
    pages: int
    reply: Reply | None = None
    killed: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What is to happen to a run: only looked at, killed after a page, or one of its pages lost."""

    observe: bool = False
    kill_after: int | None = None
    lose_page: int | None = None


class Attempt:
    """Everything a route may ask, as `levada.testing.wall.Ports`; counts its pages and does to them what is wanted."""

    def __init__(
        self, ingest: MemoryIngest, graph: MemoryGraph, http: ScriptedHttp, place: str, source: str, how: Disturbance
    ) -> None:
        self._kept_ingest = ingest
        self._kept_graph = graph
        self._ingest = ingest.observed() if how.observe else ingest
        self._graph = graph.opened(source, observing=how.observe)
        self._http = http
        self._place = place
        self._how = how
        self._handing_over = HandingOver()
        self._pages = 0
        self._lost = False
        self._logs: list[LogLine] = []
        self._batches: list[BatchResult] = []
        self._retired: list[IngestResult] = []
        self._quarantined = len(self._ingest.quarantine)

    def emit(self, stream: str, document_type: str, drafts: Iterable[Draft], *, continue_on_error: bool) -> BatchResult:
        """Take the records of one call into the page."""
        with self._handing_over:
            answer = self._ingest.emit(stream, document_type, drafts, continue_on_error=continue_on_error)
        return _noted(self._batches, answer)

    def retire(
        self, stream: str, document_type: str, *, idempotency_key: str, source_time: datetime | None
    ) -> IngestResult:
        """Take the word that a record is gone into the page."""
        self._handing_over.check_over()
        answer = self._ingest.retire(stream, document_type, idempotency_key=idempotency_key, source_time=source_time)
        return _noted(self._retired, answer)

    def sync(self, batch: GraphBatch, *, scope: str | None) -> SyncResult:
        """Take all that the source asserts into the page."""
        self._handing_over.check_over()
        return self._graph.sync(batch, scope=scope)

    def write(self, batch: GraphBatch) -> WriteResult:
        """Take some of what the source asserts into the page."""
        self._handing_over.check_over()
        return self._graph.write(batch)

    def snapshot(self, step: SnapshotStep, batch: GraphBatch, *, scope: str | None) -> None:
        """Take a step of a snapshot of the source."""
        self._handing_over.check_over()
        self._graph.snapshot(step, batch, scope=scope)

    def send(self, request: HttpRequest) -> Response:
        """Answer for the source."""
        return self._http.send(request)

    def log(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        """Keep a line of the log, as the runtime would."""
        self._logs.append(LogLine(level, str(message), json_codec.loads(plain_fields(fields))))

    def save(self, partition: str, values: Mapping[str, Any]) -> None:
        """End a page with a checkpoint."""
        self._handing_over.check_over()
        self._graph.check_closed(SAVED_INSIDE)
        kept = json_codec.loads(json_codec.dumps(values))
        self._end_page(lambda: self._ingest.commit_page((self._place, partition), kept))

    def end(self) -> None:
        """End the last page, as the return of the route does."""
        self._end_page(self._ingest.commit_page)

    def drop_page(self) -> None:
        """Forget what was handed over since the last page."""
        self._ingest.drop_page()
        self._graph.drop_page()

    def kept(self) -> dict[str, dict[str, Any]]:
        """Return the checkpoint of the route, by partition."""
        kept = self._kept_ingest.checkpoints.items()
        return {partition: dict(values) for (place, partition), values in kept if place == self._place}

    def result(self, reply: Reply | None, *, killed: bool) -> RunResult:
        """Return what has happened."""
        kept = self.kept()
        return RunResult(
            documents=self._kept_ingest.documents,
            entities=self._kept_graph.entities,
            relationships=self._kept_graph.relationships,
            checkpoint=kept.get("", {}),
            checkpoints=kept,
            requests=tuple(self._http.requests),
            batches=tuple(self._batches),
            retired=tuple(self._retired),
            syncs=tuple(self._graph.syncs),
            writes=tuple(self._graph.writes),
            failed_records=tuple(self._ingest.quarantine[self._quarantined :]),
            logs=tuple(self._logs),
            pages=self._pages,
            reply=None if reply is None else Reply(reply.status, json_codec.loads(encode_json(reply.json))),
            killed=killed,
            lost=self._lost,
        )

    def _end_page(self, commit: Callable[[], None]) -> None:
        self._pages += 1
        if self._pages == self._how.lose_page:
            self._lost = True
            self.drop_page()
            raise PageLost(f"page {self._pages} could not be written")
        commit()
        self._graph.commit_page()
        if self._pages == self._how.kill_after:
            raise Killed


def _noted(answers: list[Answer], answer: Answer) -> Answer:
    answers.append(answer)
    return answer
