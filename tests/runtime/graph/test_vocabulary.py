"""An extension, which is trusted, widens the graph's vocabulary; nobody else does."""

import pytest

from levada_runtime.catalog.plugins import load_extensions
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.graph.model import EntityDraft, GraphRefusal, RelationshipDraft
from levada_runtime.graph.service import Graph
from levada_runtime.graph.vocabulary import CLASSES, Vocabulary

EXTENSION = """
from levada.hookspecs import hookimpl


@hookimpl
def levada_graph_vocabulary():
    return {words!r}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Returns what lays an extension with these words where installed distributions are found."""
    monkeypatch.syspath_prepend(tmp_path)

    def lay(name, words):
        (tmp_path / f"{name}.py").write_text(EXTENSION.format(words=words))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[levada.extensions]\n{name} = {name}\n")

    return lay


@pytest.mark.databases("sqlite")
def test_an_extension_adds_classes_and_verbs(install, store, clock):
    """They are taken like any other, and a kind of the class's name is of it by default."""
    install("ships_graph", {"classes": ["Vessel"], "verbs": ["MOORS_AT"]})
    vocabulary = Vocabulary()
    load_extensions(Registry(), vocabulary)
    graph = Graph(store, clock, vocabulary)
    moored = RelationshipDraft("vessel", "1", "MOORS_AT", "vessel", "1")
    graph.write(1, "write", [EntityDraft("vessel", "1")], [moored])
    assert graph.find(1, "vessel", "1").class_ == "Vessel"
    with pytest.raises(GraphRefusal, match="did you mean 'MOORS_AT'"):
        Graph(store, clock, vocabulary).write(1, "write", [], [RelationshipDraft("a", "b", "MOORSAT", "a", "b")])
    assert Vocabulary().classes == CLASSES


@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("ships_small", {"classes": ["vessel"]}, "'vessel'.*PascalCase"),
        ("ships_verb", {"verbs": ["moors"]}, "'moors'.*UPPER_CASE"),
        ("ships_more", {"kinds": ["x"]}, "'kinds'"),
    ],
)
def test_words_that_cannot_be_are_refused_by_name(install, name, words, told):
    """The runtime does not start with half of what was installed."""
    install(name, words)
    with pytest.raises(UsageFailure, match=f"{name} offers .*{told}"):
        load_extensions(Registry(), Vocabulary())
