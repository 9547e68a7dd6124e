"""Many documents projected at once come to what they come to one after another, even where they concern one thing."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.runtime.graph.words import events
from tests.runtime.ingest.bench import ORIGIN

from levada import Draft
from levada_runtime.contracts.registry import Registry
from levada_runtime.graph.model import EntityDraft, RelationshipDraft
from levada_runtime.graph.operations import Project, Sync, batch_of
from levada_runtime.graph.projecting import waves
from levada_runtime.ingest.service import Ingest

FEW = st.sampled_from("abc")
PART = st.tuples(st.lists(FEW, unique=True, max_size=2), st.lists(st.tuples(FEW, FEW), unique=True, max_size=2))


def part(number, keys, ends=()):
    entities = [EntityDraft("host", key) for key in keys]
    related = [RelationshipDraft("host", start, "RUNS", "host", stop) for start, stop in ends]
    return Sync(f"document:bench/{number}", None, batch_of(entities, related), pending=True)


def places(sync):
    return {*sync.batch.entities, *sync.batch.relationships}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_parts=st.lists(PART, max_size=8))
@pytest.mark.databases("sqlite")
def test_within_a_wave_nothing_is_said_twice_and_none_goes_before_an_earlier_one(graph, store, given_parts):
    """Each part is in one wave, all of a wave concern different things, and who says the same comes later."""
    parts = [part(number, *said) for number, said in enumerate(given_parts)]
    picture = graph.picture(1)
    with store.read() as uow:
        picture.prepare(uow, Project(tuple(parts)))
    found = [wave.parts for wave in waves(picture, parts)]
    assert sorted(one.source for wave in found for one in wave) == sorted(one.source for one in parts)
    for wave in found:
        said = [place for one in wave for place in places(one)]
        assert len(said) == len(set(said))
    order = [one for wave in found for one in wave]
    for place in {place for one in parts for place in places(one)}:
        assert [one for one in order if place in places(one)] == [one for one in parts if place in places(one)]


def customer(store, clock, org_id, document, name):
    ingest = Ingest(store, Registry(), replace(ORIGIN, org_id=org_id))
    payload = json.dumps({"customer_id": "one", "name": name}).encode()
    draft = Draft(payload, document, "fixed", None, None, source_id_fixed=True)
    assert not ingest.emit(0, "s", "customer", [draft], continue_on_error=True, last=True).rejected
    with store.write() as uow:
        ingest.write(uow, clock.now())
        (found,) = uow.documents.known((org_id, ORIGIN.connection_id), "customer", [document]).values()
    return found.document_id


@pytest.mark.parametrize("together", [True, False])
def test_two_documents_of_one_entity_both_leave_their_mark(graph, store, clock, together):
    """The later one's word stands, and that there was an earlier one is told as well."""
    ids = [customer(store, clock, 1, key, name) for key, name in (("k1", "Ada"), ("k2", "Bob"))]
    for some in [ids] if together else [[one] for one in ids]:
        with store.write() as uow:
            graph.project_in(uow, (1, ORIGIN.connection_id), some)
    assert graph.find(1, "customer", "one").display_name == "Bob"
    named = "entity:customer:one"
    assert events(store) == [("entity.created", named), ("entity.updated", named)]
