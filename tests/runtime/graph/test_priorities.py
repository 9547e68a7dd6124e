"""An operator says which source goes before which; without that the latest assertion wins."""

import pytest
from tests.runtime.graph.words import ORG, events

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.graph.merge import Claim, merged
from levada_runtime.graph.model import REST, EntityDraft
from levada_runtime.graph.ranking import Ranking

CRM, BILLING = "connection:crm/customers", "connection:billing/customers"


def says(graph, clock, source, name=None, key="7", **traits):
    clock.pass_time(seconds=1)
    draft = EntityDraft("customer", key, None, name, traits)
    if source == REST:
        graph.upsert(ORG, REST, "customer", key, traits, display_name=name)
    else:
        graph.sync(ORG, source, None, [draft], [])


def shown(graph, key="7"):
    entity = graph.find(ORG, "customer", key)
    return entity.display_name, entity.traits


def test_a_pattern_stands_for_every_source_that_fits_it():
    """The first that fits counts; what nothing fits stands last, side by side."""
    ranking = Ranking({"customer": ["rest", "connection:crm/*", "connection:*"]})
    sources = ["write", BILLING, CRM, "rest", "sync:x"]
    assert ranking.ranks("customer", sources) == [3, 2, 1, 0, 3]
    assert ranking.ranks("host", sources) is None


def test_the_latest_of_the_foremost_wins_each_part_that_they_speak_of():
    """What only others speak of is theirs."""
    old = Claim(None, "Old", {"plan": "a", "seats": 1}, 10)
    new = Claim(None, "New", {"plan": "b", "tier": 2}, 20)
    assert merged([old, new]).traits == {"plan": "b", "seats": 1, "tier": 2}
    assert merged([old, new], [0, 1]).traits == {"plan": "a", "seats": 1, "tier": 2}
    assert merged([old, new], [0, 1]).display_name == "Old"
    assert merged([old, new], [1, 1]) == merged([old, new])


def test_an_order_counts_for_what_is_there_and_for_what_comes(graph, clock):
    """Whoever stands first is not overruled by who speaks later; without the order it is as it was."""
    says(graph, clock, CRM, "Ada", plan="free")
    says(graph, clock, BILLING, "ADA", plan="paid", seats=3)
    assert shown(graph) == ("ADA", {"plan": "paid", "seats": 3})
    assert graph.priorities.set(ORG, "customer", ["connection:crm/*"]) == 1
    assert shown(graph) == ("Ada", {"plan": "free", "seats": 3})
    says(graph, clock, BILLING, "ADA!", plan="trial", seats=4)
    assert shown(graph) == ("Ada", {"plan": "free", "seats": 4})
    assert graph.priorities.clear(ORG, "customer") == 1
    assert shown(graph) == ("ADA!", {"plan": "trial", "seats": 4})


def test_readers_are_told_of_what_an_order_changes_and_of_nothing_else(graph, clock, store):
    """One event an entity, and its past is kept; setting the same order again changes nothing."""
    says(graph, clock, CRM, plan="free")
    says(graph, clock, BILLING, plan="paid")
    says(graph, clock, "sync:else", key="8", plan="free")
    clock.pass_time(seconds=1)
    before, known = clock.now(), len(events(store))
    clock.pass_time(seconds=1)
    assert graph.priorities.set(ORG, "customer", ["connection:crm/*"]) == 1
    assert events(store)[known:] == [("entity.updated", "entity:customer:7")]
    assert graph.priorities.set(ORG, "customer", ["connection:crm/*"]) == 0
    assert len(events(store)) == known + 1
    assert graph.reads.entity(ORG, ("customer", "7"), as_of=before)["traits"] == {"plan": "paid"}
    assert graph.reads.entity(ORG, ("customer", "7"))["traits"] == {"plan": "free"}


def test_an_order_is_of_one_kind_and_one_organisation(graph, clock):
    """Other kinds and other organisations go by the latest."""
    graph.priorities.set(ORG, "host", ["connection:crm/*"])
    graph.priorities.set(ORG + 1, "customer", ["connection:crm/*"])
    says(graph, clock, CRM, plan="free")
    says(graph, clock, BILLING, plan="paid")
    assert shown(graph)[1] == {"plan": "paid"}
    assert [(row.kind, row.sources) for row in graph.priorities.all(ORG)] == [("host", ["connection:crm/*"])]


def test_many_entities_are_added_up_anew_a_few_at_a_time(graph, clock, monkeypatch):
    """None is left out where one portion ends."""
    monkeypatch.setattr("levada_runtime.graph.priorities._AT_ONCE", 3)
    keys = [str(number) for number in range(7)]
    for source, plan in ((CRM, "free"), (BILLING, "paid")):
        clock.pass_time(seconds=1)
        graph.sync(ORG, source, None, [EntityDraft("customer", key, None, None, {"plan": plan}) for key in keys], [])
    assert graph.priorities.set(ORG, "customer", [CRM]) == 7
    assert {shown(graph, key)[1]["plan"] for key in keys} == {"free"}


def test_what_is_asserted_again_by_hand_wins_again(graph, clock):
    """A connector's change counts until REST says the same as before once more: that is an assertion, too."""
    says(graph, clock, REST, plan="gold")
    says(graph, clock, CRM, plan="free")
    assert shown(graph)[1] == {"plan": "free"}
    says(graph, clock, REST, plan="gold")
    assert shown(graph)[1] == {"plan": "gold"}
    says(graph, clock, CRM, plan="free")
    assert shown(graph)[1] == {"plan": "gold"}
    says(graph, clock, CRM, plan="paid")
    assert shown(graph)[1] == {"plan": "paid"}


@pytest.mark.parametrize(
    ("kind", "sources", "said"),
    [
        ("customer", [], "1 to 100 sources"),
        ("customer", ["x"] * 101, "1 to 100 sources"),
        ("customer", ["rest", "rest"], "'rest' stands in the order twice"),
        ("customer", [""], "a source is 1 to 255 bytes"),
        ("customer", ["a\0"], "a source is 1 to 255 bytes"),
        ("", ["rest"], "the kind is 1 to 255 bytes"),
    ],
    ids=["none", "many", "twice", "empty", "nul", "no-kind"],
)
def test_an_order_that_is_none_is_refused(graph, kind, sources, said):
    """Nothing is kept of it."""
    with pytest.raises(UsageFailure, match=said):
        graph.priorities.set(ORG, kind, sources)
    assert graph.priorities.all(ORG) == []


def test_what_has_no_order_cannot_be_freed_of_it(graph):
    """The way out is told."""
    with pytest.raises(NotFoundFailure, match="'customer' has no order of sources"):
        graph.priorities.clear(ORG, "customer")
