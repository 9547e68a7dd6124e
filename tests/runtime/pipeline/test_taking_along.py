"""Events that stand in line one by one: carried by the handful, once each, and in order."""

import json
from datetime import timedelta

from tests.runtime.pipeline.signups import SIGNUPS, person

from levada_runtime.work.outbox import enqueue


def lines(plant):
    """Return the states of the work that carries events, oldest first."""
    with plant.store.read() as uow:
        rows = uow.work.unfinished_of(plant.org.id, 0, "events")
    return [(row.id, row.state) for row in rows]


def emails(plant):
    return [json.loads(row.body)["email"] for row in plant.rows()]


def test_what_stands_behind_in_small_pieces_is_taken_along(plant):
    """Sixty pieces of one event each are carried by two claims, each event once and in order."""
    plant.deploy(SIGNUPS)
    for number in range(60):
        plant.send(person(number))
    plant.reactor.execute(plant.claim()["pipeline"][0])
    assert emails(plant) == [f"p{number}@acme.co" for number in range(50)]
    assert len(lines(plant)) == 60, "ten are left, and each of fifty new entities is told of"
    plant.reactor.execute(plant.claim()["pipeline"][0])
    assert emails(plant) == [f"p{number}@acme.co" for number in range(60)]
    plant.work()
    assert (lines(plant), plant.figures("signups")["events"]) == ([], 60)


def test_nothing_is_taken_along_past_what_has_to_wait(plant):
    """The order of a line holds."""
    plant.deploy(SIGNUPS)
    for number in range(5):
        plant.send(person(number))
    (_, (second, _), (third, _), *_) = lines(plant)
    with plant.store.write() as uow:
        row = uow.work.get(third)
        uow.work.release(row, not_before=plant.clock.now() + timedelta(seconds=30), attempt=0)
    plant.reactor.execute(plant.claim()["pipeline"][0])
    assert emails(plant) == ["p0@acme.co", "p1@acme.co"]
    assert second not in [number for number, _ in lines(plant)]
    plant.wait(seconds=31)
    assert emails(plant) == [f"p{number}@acme.co" for number in range(5)]


def test_what_is_changed_behind_while_it_is_taken_along_takes_all_of_it_back(plant, monkeypatch):
    """A piece that was cancelled meanwhile is not carried; the rest is, a little later, and once."""
    plant.deploy(SIGNUPS)
    for number in range(4):
        plant.send(person(number))
    taken, take_along = [], plant.reactor._take_along

    def cancelled_meanwhile(uow, work, events, most):
        taken.append(take_along(uow, work, events, most))
        if len(taken) == 1:
            with plant.store.write() as other:
                other.work.cancel(other.work.get(taken[0][1]))
        return taken[-1]

    monkeypatch.setattr(plant.reactor, "_take_along", cancelled_meanwhile)
    plant.reactor.execute(plant.claim()["pipeline"][0])
    assert (plant.rows(), len(taken[0])) == ([], 3)
    plant.wait(seconds=6)
    assert emails(plant) == ["p0@acme.co", "p1@acme.co", "p3@acme.co"]


def test_what_no_pipeline_was_there_for_meets_none_that_came_later(plant):
    """It goes no further than the graph, alone, and what stands behind it takes its own turn."""
    with plant.store.write() as uow:
        enqueue(uow, (plant.org.id, 0), range(1, 2), plant.clock.now(), projected=True)
    plant.deploy(SIGNUPS)
    plant.send(person())
    plant.reactor.execute(plant.claim()["pipeline"][0])
    assert (emails(plant), len(lines(plant))) == ([], 1)
    plant.work()
    assert emails(plant) == ["p1@acme.co"]
