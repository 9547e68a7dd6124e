"""What the graph promises, in a real store: claims stay apart, refusals write nothing, events tell what readers saw."""

import threading
import uuid

import pytest
from tests.runtime.graph.words import ORG, edges, events, host, rows, runs, sync, traits

from levada_runtime.foundation.clock import SystemClock
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.graph.model import REST, WRITE, EntityDraft, GraphRefusal
from levada_runtime.graph.service import Graph


def test_a_sync_counts_what_it_did_to_its_claims(graph):
    """Created, updated, unchanged and deleted, for both kinds of thing."""
    assert sync(graph, "a", [host("1"), host("2")], [runs("1", "2")]) == ((2, 0, 0, 0), (1, 0, 0, 0))
    again = sync(graph, "a", [host("1", up=True), host("2"), host("3")], [runs("1", "2", port=80), runs("3", "1")])
    assert again == ((1, 1, 1, 0), (1, 1, 0, 0))
    assert sync(graph, "a", [host("1", up=True)]) == ((0, 0, 1, 2), (0, 0, 0, 2))
    assert sync(graph, "a", []) == ((0, 0, 0, 1), (0, 0, 0, 0))
    assert graph.list(ORG, limit=10) == ([], None)


def test_a_sync_s_claim_is_replaced(graph):
    """A property that is left out is gone."""
    sync(graph, "a", [host("1", state="up", cpu=8)])
    sync(graph, "a", [host("1", cpu=8)])
    assert traits(graph, "1") == {"cpu": 8}


def test_values_that_only_look_equal_are_updates(graph):
    """True, 1 and 1.0 are told apart, at the second look too."""
    for value in (1, True, 1.0, 1e22, 10**18, "1"):
        assert sync(graph, "a", [host("1", value=value)])[0][3:] == (0,)
        assert sync(graph, "a", [host("1", value=value)]) == ((0, 0, 1, 0), (0, 0, 0, 0)), value
    found = traits(graph, "1")["value"]
    assert (found, type(found)) == ("1", str)


def test_a_diff_never_leaves_its_source(graph):
    """No connector deletes or blanks what another says."""
    sync(graph, "a", [host("1", a=1, shared="a")])
    assert sync(graph, "b", [host("1", b=1, shared="b")]) == ((1, 0, 0, 0), (0, 0, 0, 0))
    assert traits(graph, "1") == {"a": 1, "b": 1, "shared": "b"}
    assert sync(graph, "b", []) == ((0, 0, 0, 1), (0, 0, 0, 0))
    assert traits(graph, "1") == {"a": 1, "shared": "a"}


def test_there_is_no_flip_flop(graph):
    """A connector that repeats itself every night does not undo what was said after it."""
    sync(graph, "crm", [host("1", plan="free")])
    graph.upsert(ORG, REST, "host", "1", {"plan": "growth"})
    sync(graph, "crm", [host("1", plan="free")])
    assert traits(graph, "1") == {"plan": "growth"}
    sync(graph, "crm", [host("1", plan="scale")])
    assert traits(graph, "1") == {"plan": "scale"}


def test_the_clock_may_stand_still_or_go_back(graph, clock):
    """Who speaks later is heard, whatever the clock says."""
    for plan in ("a", "b", "c"):
        graph.upsert(ORG, f"pipeline:{plan}", "host", "1", {"plan": plan})
        assert traits(graph, "1") == {"plan": plan}
    clock.pass_time(days=-2)
    seen = graph.upsert(ORG, REST, "host", "1", {"plan": "d"})[0]
    assert (seen.traits, seen.last_seen) == ({"plan": "d"}, seen.first_seen)


def test_a_write_merges_one_level_and_deletes_nothing(graph):
    """A null is stored as null, a nested object is replaced whole."""
    graph.upsert(ORG, REST, "user", "u", {"a": 1, "n": {"x": 1}})
    graph.upsert(ORG, REST, "user", "u", {"n": {"y": 2}, "z": None})
    assert traits(graph, "u", "user") == {"a": 1, "n": {"y": 2}, "z": None}
    graph.write(ORG, WRITE, [host("1", a=1), host("2")], [runs("1", "2", p=1)])
    graph.write(ORG, WRITE, [host("1", b=2)], [runs("1", "2", q=2)])
    assert traits(graph, "1") == {"a": 1, "b": 2}
    assert edges(graph, "2") == [("1", "2", {"p": 1, "q": 2})]


def test_equal_duplicates_collapse_and_unequal_ones_are_refused_naming_both(graph):
    """A batch says one thing of one entity."""
    twice = [host("1", a=1), host("2"), host("1", a=1)]
    assert sync(graph, "a", twice, [runs("1", "2"), runs("1", "2")]) == ((2, 0, 0, 0), (1, 0, 0, 0))
    with pytest.raises(
        GraphRefusal, match=r"entities\[0\] and entities\[1\] both describe host:1, and differ"
    ) as caught:
        sync(graph, "a", [host("1", a=1), host("1", a=True)])
    assert [one["path"] for one in caught.value.details] == ["entities[0]", "entities[1]"]
    with pytest.raises(
        GraphRefusal, match=r"relationships\[0\] and relationships\[2\] both describe host:1 RUNS host:2"
    ):
        sync(graph, "a", [host("1"), host("2")], [runs("1", "2"), runs("2", "1"), runs("1", "2", p=1)])
    assert traits(graph, "1") == {"a": 1}


def test_class_and_name_are_claimed_like_traits(graph):
    """Who gives none claims none."""
    sync(graph, "a", [host("1", None)])
    found = graph.find(ORG, "host", "1")
    assert (found.class_, found.display_name) == ("Host", "1")
    sync(graph, "b", [host("1", "Device", "One")])
    graph.upsert(ORG, REST, "host", "1", {"x": 1})
    found = graph.find(ORG, "host", "1")
    assert (found.class_, found.display_name) == ("Device", "One")
    sync(graph, "b", [])
    found = graph.find(ORG, "host", "1")
    assert (found.class_, found.display_name) == ("Host", "1")
    assert graph.upsert(ORG, REST, "order", "7", {})[0].class_ == "Generic"


def test_a_delete_ends_all_claims_and_the_entity_comes_back_under_its_id(graph, clock):
    """It begins anew: nothing of what was said before is left."""
    sync(graph, "a", [host("1", a=1), host("2")])
    sync(graph, "b", [host("1", b=1)], [runs("2", "1")])
    found = graph.find(ORG, "host", "1")
    assert graph.delete(ORG, found.id)
    assert graph.get(ORG, found.id) is None
    assert graph.find(ORG, "host", "1") is None
    assert not graph.delete(ORG, found.id)
    assert graph.patch(ORG, REST, found.id, {"x": 1}) is None
    assert edges(graph, "2") == []
    clock.pass_time(hours=1)
    back, new = graph.upsert(ORG, REST, "host", "1", {"r": 1})
    assert (new, back.id, back.traits, back.first_seen) == (True, found.id, {"r": 1}, clock.now())
    assert edges(graph, "2") == [("2", "1", {})]
    assert sync(graph, "a", [host("1", a=1), host("2")]) == ((1, 0, 1, 0), (0, 0, 0, 0))
    assert traits(graph, "1") == {"r": 1, "a": 1}


def test_a_patch_merges_into_whatever_is_there(graph):
    """It asserts in its own source's name, so the next sync does not undo it."""
    sync(graph, "a", [host("1", plan="free", a=1)])
    uid = graph.find(ORG, "host", "1").id
    assert graph.patch(ORG, REST, uid.upper(), {"plan": "growth", "b": None}).traits == {
        "plan": "growth",
        "a": 1,
        "b": None,
    }
    sync(graph, "a", [host("1", plan="free", a=1)])
    assert traits(graph, "1") == {"plan": "growth", "a": 1, "b": None}


@pytest.mark.parametrize("uid", ["", "x", "a\0", "\ud800", "1" * 400, str(uuid.UUID(int=7))])
def test_an_id_that_is_none_finds_nothing(graph, uid):
    """Neither does it break anything."""
    graph.upsert(ORG, REST, "user", "u", {})
    assert graph.get(ORG, uid) is None
    assert not graph.delete(ORG, uid)
    assert graph.patch(ORG, REST, uid, {}) is None


def test_an_unchanged_sync_writes_one_row_and_still_was_seen(graph, store, clock):
    """When an entity was last seen is computed as it is read."""
    sync(graph, "a", [host("1"), host("2")], [runs("1", "2")])
    first = graph.find(ORG, "host", "1")
    clock.pass_time(hours=1)
    with store.read() as uow:
        before = all_rows(uow)
    sync(graph, "a", [host("1"), host("2")], [runs("1", "2")])
    with store.read() as uow:
        assert all_rows(uow) == before
    found = graph.find(ORG, "host", "1")
    assert (found.first_seen, found.last_seen) == (first.first_seen, clock.now())
    clock.pass_time(hours=1)
    sync(graph, "b", [host("2")])
    assert graph.find(ORG, "host", "1").last_seen == found.last_seen
    assert len(events(store)) == 2


def all_rows(uow):
    return uow.graph.page_of(ORG, kind=None, external_id=None, before=None, limit=1000)


def test_that_a_source_saw_an_entity_stays_true_when_it_drops_it(graph, clock):
    """`last_seen` never goes back."""
    graph.upsert(ORG, REST, "host", "1", {})
    clock.pass_time(hours=1)
    sync(graph, "a", [host("1")])
    clock.pass_time(hours=1)
    sync(graph, "a", [host("1")])
    seen = clock.now()
    clock.pass_time(hours=1)
    sync(graph, "a", [])
    assert graph.find(ORG, "host", "1").last_seen == seen


def test_events_tell_what_readers_see(graph, store):
    """Created, updated only when class, name or a trait changed, deleted; each with the row, in line with its key."""
    graph.upsert(ORG, REST, "user", "u:1", {"plan": "free"})
    graph.upsert(ORG, REST, "user", "u:1", {"plan": "free"})
    sync(graph, "a", [EntityDraft("user", "u:1", "User", None, {"plan": "free"})])
    sync(graph, "a", [EntityDraft("user", "u:1", "Account", None, {"plan": "free"})])
    sync(graph, "a", [])
    graph.delete(ORG, graph.find(ORG, "user", "u:1").id)
    told = ["created", "updated", "updated", "deleted"]
    assert events(store) == [(f"entity.{one}", "entity:user:u:1") for one in told]
    with store.read() as uow:
        first, changed, *_, last = uow.events.between(ORG, 0, 0, 1 << 62, 10)
    assert (first.type, first.connection_id, first.payload["traits"]) == ("user", 0, {"plan": "free"})
    assert changed.payload["class"] == "Account"
    assert set(last.payload) == {
        "id", "kind", "external_id", "class", "display_name", "traits", "first_seen", "last_seen",
    }  # fmt: skip
    assert last.payload["traits"] == {"plan": "free"}


def test_what_caused_an_event_goes_with_it(graph, store):
    """So that no pipeline answers to itself."""
    cause = {"event": "evt_1", "pipelines": ["p"], "depth": 1}
    with store.write() as uow:
        graph.upsert_in(uow, ORG, "pipeline:p", "user", "u", {}, cause=cause)
        assert graph.find_in(uow, ORG, "user", "u").traits == {}
    with store.read() as uow:
        assert uow.events.between(ORG, 0, 0, 1 << 62, 10)[0].cause == cause


def test_many_upserts_are_one_or_none(graph):
    """They answer in order; one key twice is said one after the other; a refusal names the index."""
    drafts = [EntityDraft("user", key, traits=said) for key, said in (("b", {"x": 1}), ("a", {}), ("b", {"y": 2}))]
    found = graph.upsert_many(ORG, REST, drafts)
    assert [(one.external_id, one.traits) for one in found] == [
        ("b", {"x": 1, "y": 2}),
        ("a", {}),
        ("b", {"x": 1, "y": 2}),
    ]
    with pytest.raises(GraphRefusal) as caught:
        graph.upsert_many(ORG, REST, [EntityDraft("user", "c"), EntityDraft("user", "d", None, None, {"x": "\0"})])
    assert caught.value.details[0]["index"] == 1
    assert caught.value.message.startswith("[1].traits.x: ")
    assert traits(graph, "c", "user") is None
    assert graph.upsert_many(ORG, REST, []) == []


def test_a_list_goes_on_where_it_ended(graph):
    """Newest first, by kind, by key, and page by page."""
    for number in range(5):
        graph.upsert(ORG, REST, "user" if number % 2 else "host", str(number), {})
    first, cursor = graph.list(ORG, limit=2)
    second, following = graph.list(ORG, limit=2, cursor=cursor)
    third, end = graph.list(ORG, limit=2, cursor=following)
    assert [one.external_id for one in (*first, *second, *third)] == ["4", "3", "2", "1", "0"]
    assert end is None
    assert [one.external_id for one in graph.list(ORG, kind="user", limit=10)[0]] == ["3", "1"]
    assert [one.external_id for one in graph.list(ORG, external_id="2", limit=10)[0]] == ["2"]
    assert graph.list(ORG, kind="us\0er", limit=10) == ([], None)
    assert graph.find(ORG, "user", "\ud800") is None
    with pytest.raises(UsageFailure, match="cursor"):
        graph.list(ORG, limit=2, cursor="x")


def test_organisations_do_not_meet(graph, store):
    """The same connector, kind and key elsewhere is another entity."""
    sync(graph, "a", [host("1", of=1), host("2")])
    assert sync(graph, "a", [host("1", of=2)], org=2) == ((1, 0, 0, 0), (0, 0, 0, 0))
    mine, theirs = graph.find(1, "host", "1"), graph.find(2, "host", "1")
    assert mine.id != theirs.id
    assert graph.get(2, mine.id) is None
    assert graph.patch(2, REST, mine.id, {"x": 1}) is None
    assert not graph.delete(2, mine.id)
    assert [one.traits for one in graph.list(2, limit=10)[0]] == [{"of": 2}]
    with pytest.raises(GraphRefusal, match="host:2"):
        sync(graph, "b", [], [runs("1", "2")], org=2)
    sync(graph, "a", [], org=2)
    assert traits(graph, "1") == {"of": 1}
    assert events(store, 2) == [("entity.created", "entity:host:1"), ("entity.deleted", "entity:host:1")]


def test_syncs_of_one_connector_are_serialised(store):
    """Two at once leave what one of them said, whole, with no row of the other's."""
    graph = Graph(store, SystemClock())
    failed = []

    def run(name):
        try:
            for _ in range(5):
                sync(graph, "a", [host(f"{name}-{number}", by=name) for number in range(20)] + [host("both", by=name)])
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("x", "y")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    found, _ = graph.list(ORG, limit=100)
    (name,) = {one.traits["by"] for one in found}
    assert {one.external_id for one in found} == {"both", *(f"{name}-{number}" for number in range(20))}


def test_operations_are_observed_over_one_another_without_a_word_written(graph, store):
    """A picture shows what earlier operations of its run did, and the same operations then do the same."""
    sync(graph, "a", [host("1"), host("2")])
    picture = graph.picture(ORG)
    operations = [
        graph.sync_operation("connection:c/s", None, [host("3")], [runs("3", "1")]),
        graph.write_operation("connection:c/s", [host("3", up=True)], []),
        graph.sync_operation("connection:c/s", None, [host("3", up=True)], [runs("3", "2")]),
        graph.sync_operation("sync:a", None, [host("2")], []),
    ]
    observed = [graph.observe(picture, one) for one in operations]
    assert [one.counts.entities_created for one in observed] == [1, 0, 0, 0]
    assert observed[2].counts.entities_unchanged == 1
    assert (observed[2].counts.relationships_created, observed[2].counts.relationships_deleted) == (1, 1)
    with pytest.raises(GraphRefusal, match="host:1"):
        graph.observe(picture, graph.write_operation("connection:c/s", [], [runs("3", "1")]))
    assert rows(store, "entities") == 2
    with store.write() as uow:
        performed = [graph.perform(uow, ORG, one) for one in operations]
    assert [one.counts for one in performed] == [one.counts for one in observed]
    assert traits(graph, "3") == {"up": True}
    assert edges(graph, "3") == [("3", "2", {})]


def test_a_unit_of_work_that_fails_keeps_nothing(graph, store):
    """A sync within somebody's transaction goes with it."""

    def fail():
        with store.write() as uow:
            graph.sync_in(uow, ORG, "sync:a", "s", [host("1")], [], run_id="run")
            graph.write_in(uow, ORG, WRITE, [host("2")], [])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert graph.list(ORG, limit=10) == ([], None)
    assert events(store) == []


def test_more_keys_than_one_statement_takes(graph, monkeypatch):
    """Chunks are no limit, nor do they lose anything."""
    monkeypatch.setattr("levada_runtime.store._found._AT_ONCE", 7)
    many = [host(f"h{number}") for number in range(50)]
    ring = [runs(f"h{number}", f"h{(number + 1) % 50}") for number in range(50)]
    assert sync(graph, "a", many, ring) == ((50, 0, 0, 0), (50, 0, 0, 0))
    assert sync(graph, "b", many, ring) == ((50, 0, 0, 0), (50, 0, 0, 0))
    assert sync(graph, "a", many, ring) == ((0, 0, 50, 0), (0, 0, 50, 0))
    assert sync(graph, "a", []) == ((0, 0, 0, 50), (0, 0, 0, 50))
    assert len(graph.list(ORG, limit=100)[0]) == 50
    assert len(edges(graph, "h0")) == 2
