"""Carrying out projections: what documents stand for is claimed in the graph, each document a source of its own.

A document is projected as it stands now, whatever it was when somebody asked, and all that it stood for and stands for
no longer is dropped. So it does not matter how often this is done, nor in which order; and no document's claims are in
the way of another's, or of what its stream says itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.ids import read_document, spell_document
from levada_runtime.foundation.logging import logger
from levada_runtime.graph.checks import check_batch
from levada_runtime.graph.diff import Changes
from levada_runtime.graph.model import Edge, GraphRefusal, Key
from levada_runtime.graph.operations import Project, Sync, batch_of
from levada_runtime.graph.picture import Picture
from levada_runtime.graph.projection import NOTHING, projected
from levada_runtime.graph.survey import Triple
from levada_runtime.graph.vocabulary import Vocabulary
from levada_runtime.store.projections import DOCUMENT, Projectable

_REMOVED = " (removed "


def source_of(connection: str, document_type: str, document_id: tuple[int, int]) -> str:
    """Return the source that a document is: it keeps its name when its connection is removed."""
    return f"{DOCUMENT}{connection.partition(_REMOVED)[0]}/{document_type}/{spell_document(*document_id)}"


def document_of(source: str) -> tuple[int, int] | None:
    """Return the `(connection_id, document_id)` that a source is; None when it is no document."""
    return read_document(source.rpartition("/")[2]) if source.startswith(DOCUMENT) else None


def parts_of(
    registry: Registry, vocabulary: Vocabulary, documents: Iterable[Projectable], connections: Mapping[int, str]
) -> Iterator[Sync]:
    """Yield what each document stands for; one that the graph does not take keeps what it stood for, and is logged."""
    for one in documents:
        name = connections.get(one.connection_id, "")
        source = source_of(name, one.document_type, (one.connection_id, one.id))
        try:
            yield part_of(registry, vocabulary, one, source)
        except GraphRefusal as refusal:
            logger("graph").warning("a document cannot be projected", source=source, reason=refusal.message)


def part_of(registry: Registry, vocabulary: Vocabulary, document: Projectable, source: str) -> Sync:
    """Return what a document stands for; nothing when it is retired.

    Raises GraphRefusal when the graph does not take it.
    """
    drafts = NOTHING
    if document.payload is not None:
        drafts = projected(registry.get(document.document_type), document.payload)
    check_batch(vocabulary, *drafts)
    return Sync(source, None, batch_of(*drafts), document.run_id, pending=True)


def waves(picture: Picture, parts: Sequence[Sync]) -> list[Project]:
    """Divide parts, over a picture prepared for all of them, so that within each no two concern one thing."""
    found: list[list[Sync]] = []
    last: dict[Key | Edge | Triple, int] = {}
    for part in parts:
        places: set[Key | Edge | Triple] = {*part.batch.entities, *picture.claimed_by(part.source)}
        places |= {picture.triple(edge) for edge in part.batch.relationships} | picture.related_by(part.source)
        wave = max((last[place] + 1 for place in places if place in last), default=0)
        last.update(dict.fromkeys(places, wave))
        if wave == len(found):
            found.append([])
        found[wave].append(part)
    return [Project(tuple(wave)) for wave in found]


def summed(changes: Sequence[Changes]) -> Changes:
    """Return what waves come to as one."""
    total = Changes()
    for one in changes:
        total.entities += one.entities
        total.relationships += one.relationships
        total.counts = total.counts.plus(one.counts)
        total.pending += one.pending
    return total
