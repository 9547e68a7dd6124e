"""What a glance takes a close look takes, too; and a glance takes what is usual."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada_runtime.graph import checks
from levada_runtime.graph.checks import Wrongs
from levada_runtime.graph.glance import KEY_BYTES, QuickLook
from levada_runtime.graph.model import EntityDraft, RelationshipDraft
from levada_runtime.graph.vocabulary import Vocabulary

VOCABULARY = Vocabulary()
TEXTS = st.sampled_from(["a", "host", "Ünïcode", "", "\0", "a\0b", "\ud800", "é\udfff", "x" * 255, "é" * 1025, "A b"])
KINDS = TEXTS | st.sampled_from(["user_group", "x" * 256, "host\n", "Host"])
VALUES = TEXTS | st.sampled_from(
    [None, True, 0, 1.5, 1 << 63, -(1 << 63), (1 << 63) - 1, math.nan, math.inf, {}, {"a": 1}, [], ["a"], [1], ["\0"]]
)
PROPERTIES = st.dictionaries(TEXTS | st.just(1), VALUES, max_size=2)
ENTITIES = st.builds(EntityDraft, KINDS, TEXTS, st.sampled_from([None, "Host", "Hosts", "host"]), TEXTS, PROPERTIES)
VERBS = st.sampled_from(["HAS", "has", "OWNS"])
RELATIONSHIPS = st.builds(RelationshipDraft, KINDS, TEXTS, VERBS, KINDS, TEXTS, PROPERTIES)


@settings(max_examples=300)
@given(entity=ENTITIES, relationship=RELATIONSHIPS)
def test_whatever_a_glance_takes_a_close_look_takes(entity, relationship):
    """The short way lets nothing through that the long way refuses."""
    quick = QuickLook(VOCABULARY)
    for look in (1, 2):
        wrongs = Wrongs()
        if quick.takes_entity(entity):
            checks._check_entity(wrongs, "", entity, VOCABULARY)
        if quick.takes_relationship(relationship):
            checks._check_relationship(wrongs, "", relationship, VOCABULARY)
        assert not wrongs.found, look


@pytest.mark.parametrize("key", ["web-01", "k" * (KEY_BYTES // 4), "größer"])
def test_a_glance_takes_what_is_usual(key):
    """Otherwise the short way would never be gone."""
    usual = {"a": "é", "b": 1, "c": 1.5, "d": None, "e": True, "f": ["x", "ü"]}
    quick = QuickLook(VOCABULARY)
    assert quick.takes_entity(EntityDraft("host", key, "Host", None, usual))
    assert quick.takes_relationship(RelationshipDraft("host", key, "HAS", "host", key, usual))
