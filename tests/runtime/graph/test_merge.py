"""Claims add up part by part: of each the latest assertion counts, and a claim that goes takes only its own along."""

from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.graph.merge import Claim, Sum, asserted, first, latest, merged, replaced, same, says_same, shown
from levada_runtime.graph.vocabulary import Vocabulary


def said(class_=None, name=None, **traits):
    return Sum(class_, name, traits)


SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.0, 1.0, -1.0, 0.5]) | st.text(max_size=3)
TRAITS = st.dictionaries(st.sampled_from(["a", "b", "c", "class"]), SCALARS, max_size=4)
SAID = st.builds(Sum, st.sampled_from([None, "Host", "User"]), st.sampled_from([None, "", "name"]), TRAITS)


def test_values_of_different_types_are_different():
    """One, one point nought and true are three values, and nested they still are."""
    assert not same([1], [True])
    assert not same(1, 1.0)
    assert not same({"a": [0]}, {"a": [False]})
    assert same({"a": 1, "b": {"c": None}}, {"b": {"c": None}, "a": 1})


def test_of_each_trait_the_latest_assertion_wins():
    """Two sources may each be ahead on another trait."""
    one = asserted(first(said(plan="free", country="DE"), 1, None), said(country="AT"), 3, None)
    other = first(said(plan="growth", country="CH"), 2, None)
    assert merged([one, other]).traits == {"plan": "growth", "country": "AT"}
    assert merged([other, one]) == merged([one, other])


def test_a_null_is_a_value_that_may_win():
    """To say null is to say something."""
    one = first(said(plan="free"), 1, None)
    assert merged([one, first(said(plan=None), 2, None)]).traits == {"plan": None}


def test_a_sync_asserts_anew_only_what_changed():
    """A source that repeats itself does not talk over one that spoke in between."""
    synced = first(said("Host", "one", plan="free", state="up"), 1, None)
    spoken = first(said("User", "two", plan="growth", state="down"), 2, None)
    synced = replaced(synced, said("Host", "one", plan="free", state="off"), 3, None)
    assert merged([synced, spoken]) == said("User", "two", plan="growth", state="off")


def test_a_write_asserts_its_traits_even_when_they_are_equal():
    """Saying it again is saying it now."""
    written = first(said("Host", "one", plan="free", state="up"), 1, None)
    spoken = first(said("User", "two", plan="growth", state="down"), 2, None)
    written = asserted(written, said("Host", plan="free"), 3, None)
    assert merged([written, spoken]) == said("Host", "two", plan="free", state="down")


def test_a_sync_replaces_and_a_write_merges_one_level():
    """What a sync leaves out is gone; what a write leaves out stays; a nested object is replaced whole."""
    claim = first(said("Host", "one", a=1, nested={"x": 1}), 1, None)
    assert replaced(claim, said(nested={"y": 2}), 2, None).traits == {"nested": {"y": 2}}
    assert replaced(claim, said(), 2, None).class_ is None
    merging = asserted(claim, said(nested={"y": 2}), 2, None)
    assert (merging.class_, merging.traits) == ("Host", {"a": 1, "nested": {"y": 2}})


def test_a_trait_named_class_is_not_the_class():
    """The parts of a claim do not share their names."""
    claim = replaced(first(said("Host", **{"class": 1}), 1, None), said("Host", **{"class": 2}), 5, None)
    total = merged([claim, first(said("User", **{"class": 3}), 3, None)])
    assert total == said("User", **{"class": 2})


def test_without_a_class_or_a_name_the_kind_and_the_key_say_them():
    """The class of the kind's own name where there is one, else Generic."""
    words = Vocabulary()
    assert shown("user", "alice", said(), words) == ("User", "alice")
    assert shown("data_store", "d", said(), words) == ("DataStore", "d")
    assert shown("order", "1", said(), words) == ("Generic", "1")
    assert shown("user", "alice", said("Account", "Alice"), words) == ("Account", "Alice")


@given(st.lists(st.tuples(st.booleans(), SAID), min_size=1, max_size=8))
def test_stamps_are_kept_for_exactly_the_parts_there_are(spoken):
    """Whatever a source says in turn, each part has a stamp, and no stamp belongs to nothing."""
    claim = first(spoken[0][1], 1, None)
    for stamp, (whole, one) in enumerate(spoken[1:], 2):
        claim = (replaced if whole else asserted)(claim, one, stamp, None)
        parts = {f"traits.{name}" for name in claim.traits}
        assert set(claim.asserted) <= parts | {"class", "display_name"}
        assert latest([claim]) <= stamp


@given(SAID, SAID)
def test_a_sync_that_repeats_itself_changes_nothing(before, again):
    """What says the same leaves the claim as it is; what does not, does not."""
    claim = first(before, 1, None)
    assert says_same(claim, before)
    after = replaced(claim, again, 2, None)
    assert says_same(after, again)
    if says_same(claim, again):
        assert (after.stamp, after.asserted) == (claim.stamp, claim.asserted)


def test_the_latest_stamp_counts_every_part():
    """Whoever speaks next speaks after all of them."""
    assert latest([]) == 0
    assert latest([Claim(None, None, {}, 4, {"traits.a": 9}), Claim(None, None, {}, 7)]) == 9
