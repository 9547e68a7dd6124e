"""The laws of the graph can fail: real parts, each broken in one way, are caught by the model."""

from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from tests.laws.graph_machine import GraphMachine

from levada_runtime.graph import commit, diff, history, merge, picture, service, survey
from levada_runtime.graph.holding import HeldSyncs
from levada_runtime.graph.model import SyncCounts
from levada_runtime.store import graph_history
from levada_runtime.store.unit_of_work import Store, UnitOfWork


def a_sync_that_ends_what_others_claim(patch):
    """Whatever a source leaves out is gone, whoever else claims it."""
    unclaim = diff._unclaim
    patch.setattr(diff, "_unclaim", lambda of, state, _, at: unclaim(of, state, tuple(state.claims), at))


def the_first_assertion_wins(patch):
    """What was said earlier goes before what was said later."""
    patch.setattr(
        picture,
        "merged",
        lambda claims, *more: merge.merged(
            [
                one._replace(stamp=-one.stamp, asserted={name: -at for name, at in one.asserted.items()})
                for one in claims
            ],
            *more,
        ),
    )


def a_sync_asserts_all_of_it_anew(patch):
    """What did not change goes over what others said since."""
    patch.setattr(diff, "replaced", lambda _, said, stamp, run_id: merge.first(said, stamp, run_id))


def a_write_asserts_only_what_changed(patch):
    """Saying it again does not win again."""

    def wrong(claim, said, stamp, run_id):
        whole = merge.asserted(claim, said, stamp, run_id)
        return merge.replaced(claim, whole, stamp, run_id)

    patch.setattr(diff, "asserted", wrong)


def nothing_is_ever_unchanged(patch):
    """Every claim is written again."""
    patch.setattr(survey, "_spells", lambda *_: False)


def one_is_true(patch):
    """Values are compared without their types."""
    patch.setattr(survey, "_spells", lambda text, value: text != "" and survey.orjson.loads(text) == value)


def half_of_it_is_kept(patch):
    """What is given up half-way is committed."""

    @contextmanager
    def write(self):
        with self._writing.connect() as connection, connection.begin() as transaction:
            try:
                yield UnitOfWork(connection)
            finally:
                transaction.commit()

    patch.setattr(Store, "write", write)


def edges_to_what_is_gone(patch):
    """An edge is shown though its end is not there."""
    patch.setattr(graph_history, "_is_there", lambda *_: sa.true())


def a_delete_of_one_claim(patch):
    """The others that claim an entity keep it."""
    unclaim = diff._unclaim
    patch.setattr(diff, "_unclaim", lambda of, state, sources, at: unclaim(of, state, sources[:1], at))


def nothing_is_remembered(patch):
    """How things stood is not kept."""
    patch.setattr(commit.history, "keep", lambda *_: None)


def what_ends_was_never_there(patch):
    """How things stood is kept when they change, and not when they go."""
    left = history.entities_left

    def wrong(changes):
        kept = left(changes)
        gone = {one.state.id for one in changes.entities if one.after is None}
        return [one for one in kept if one.entity_id not in gone]

    patch.setattr(history, "entities_left", wrong)


def a_guard_that_sleeps(patch):
    """Nothing is too much."""
    patch.setattr(service, "reasons", lambda *_: ())


def a_held_sync_that_stands_for_ever(patch):
    """A newer sync does not take the place of what is held."""
    patch.setattr(commit, "supersede", lambda *_: None)


def approval_of_nothing(patch):
    """What is approved is not applied."""
    patch.setattr(HeldSyncs, "_apply", lambda *_: SyncCounts(entities_deleted=2))


def silence(patch):
    """Nobody is told of what changes."""
    noticed = diff.noticed
    patch.setattr(diff, "noticed", lambda *of: None if noticed(*of) == "updated" else noticed(*of))


def pending_edges_are_dropped(patch):
    """An edge whose end is missing is taken and forgotten."""
    join = diff._join

    def wrong(of, state, operation, said, at):
        change = join(of, state, operation, said, at)
        return (
            change._replace(after=None, claims=change.claims._replace(new=False, claim=None))
            if change.awaits
            else change
        )

    patch.setattr(diff, "_join", wrong)


ONE, TWO = ("host", "1"), ("host", "2")
EDGE = (ONE, "RUNS", TWO)
HERE, THERE = "connection:c/s", "connection:c/t"


def said(*keys, **traits):
    """Entities without a class or name of their own."""
    return dict.fromkeys(keys, (None, None, traits))


def sync(source, entities, *edges, pending=False):
    return "sync", {"source": source, "entities": entities, "edges": {key: {} for key in edges}, "pending": pending}


def write(source, entities):
    return "write", {"source": source, "entities": entities, "edges": {}, "pending": False}


def guarded(entities):
    return "sync_guarded", {"source": "sync:a", "entities": entities, "edges": {}}


GIVEN_UP = "give_up_half_way", {"source": HERE, "entities": said(ONE), "edges": {}, "what": "sync"}
SINCE_THE_FIRST = "compare", {"since": 1, "at": 1}
BREAKERS = [
    (a_sync_that_ends_what_others_claim, [sync(HERE, said(ONE)), sync(THERE, said(ONE)), sync(HERE, {})]),
    (the_first_assertion_wins, [sync(HERE, said(ONE, p=1)), write("write", said(ONE, p=None))]),
    (
        a_sync_asserts_all_of_it_anew,
        [sync(HERE, said(ONE, p=1)), write("rest", said(ONE, p=True)), sync(HERE, said(ONE, p=1, q=1))],
    ),
    (
        a_write_asserts_only_what_changed,
        [write("rest", said(ONE, p=1)), sync(HERE, said(ONE, p=True)), write("rest", said(ONE, p=1))],
    ),
    (nothing_is_ever_unchanged, [sync(HERE, said(ONE))]),
    (one_is_true, [sync(HERE, said(ONE, p=1)), sync(HERE, said(ONE, p=True))]),
    (half_of_it_is_kept, [GIVEN_UP]),
    (edges_to_what_is_gone, [sync(HERE, said(ONE, TWO), EDGE), ("delete", {"key": TWO})]),
    (a_delete_of_one_claim, [sync(HERE, said(ONE)), sync(THERE, said(ONE)), ("delete", {"key": ONE})]),
    (nothing_is_remembered, [sync(HERE, said(ONE, p=1)), sync(HERE, said(ONE, p=None)), SINCE_THE_FIRST]),
    (what_ends_was_never_there, [sync(HERE, said(ONE)), sync(HERE, {}), SINCE_THE_FIRST]),
    (a_guard_that_sleeps, [sync("sync:a", said(ONE, TWO)), guarded({})]),
    (
        a_held_sync_that_stands_for_ever,
        [sync("sync:a", said(ONE, TWO)), guarded({}), sync("sync:a", said(ONE, TWO, p=1))],
    ),
    (
        approval_of_nothing,
        [sync("sync:a", said(ONE, TWO)), guarded({}), ("approve", {"source": "sync:a"})],
    ),
    (silence, [sync(HERE, said(ONE, p=1)), sync(HERE, said(ONE, p=None))]),
    (pending_edges_are_dropped, [sync(HERE, said(ONE), EDGE, pending=True), sync(THERE, said(TWO))]),
]
"""Each with what has to be said for it to show."""


def play(store, clock, script):
    """Have a script played by the graph and by its model."""
    machine = type("Machine", (GraphMachine,), {"store": store, "clock": clock})()
    machine.the_graph_is_what_its_claims_add_up_to()
    for what, how in script:
        getattr(machine, what)(**how)
        machine.the_graph_is_what_its_claims_add_up_to()


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(("breaker", "script"), BREAKERS, ids=[one.__name__ for one, _ in BREAKERS])
def test_whatever_breaks_a_law_of_the_graph_is_caught(store, clock, monkeypatch, breaker, script):
    """What holds of the parts as they are does not hold of them broken."""
    play(store, clock, script)
    breaker(monkeypatch)
    with pytest.raises(AssertionError):
        play(store, clock, script)
