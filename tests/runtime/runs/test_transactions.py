"""No transaction is open while a child runs or waits for HTTP."""

from levada import SourceUnavailable
from levada_runtime.runs.handlers import RunHandlers
from levada_runtime.sandbox.host import Sandbox


def test_no_transaction_is_open_while_the_child_runs_or_waits(installation, source, monkeypatch):
    """At every question a child asks, before and after its answer, no connection to the store is in use."""
    pool, asked = installation.store.engine.pool, []

    def watched(name):
        answer = getattr(RunHandlers, name)

        def watch(self, *arguments):
            asked.append((name, pool.checkedout()))
            answered = answer(self, *arguments)
            asked.append((name, pool.checkedout()))
            return answered

        return watch

    for name in ("emit", "retire", "save", "http"):
        monkeypatch.setattr(RunHandlers, name, watched(name))
    called = Sandbox.call

    def call(self, *arguments):
        asked.append(("call", pool.checkedout()))
        return called(self, *arguments)

    monkeypatch.setattr(Sandbox, "call", call)
    connection = installation.connections.get(installation.org, "acme")
    run = installation.foreground.run(connection, "customers", lambda _run: None, lambda: None)
    assert run.state == "succeeded"
    assert {name for name, _ in asked} >= {"call", "emit", "save", "http"}
    assert {open_now for _, open_now in asked} == {0}


def test_a_failure_of_the_runtime_itself_ends_the_run_and_loses_nothing(installation, monkeypatch):
    """The run says what happened, its committed pages stay, and the next one goes on from them."""
    saved, save = [], RunHandlers.save

    def failing(self, partition, values):
        save(self, partition, values)
        saved.append(values)
        if len(saved) == 2:
            raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(RunHandlers, "save", failing)
    connection = installation.connections.get(installation.org, "acme")
    run = installation.foreground.run(connection, "customers", lambda _run: None, lambda: None)
    assert (run.state, run.reason) == ("failed", "crash")
    assert "on fire" in run.error["message"]
    monkeypatch.setattr(RunHandlers, "save", save)
    again = installation.foreground.run(connection, "customers", lambda _run: None, lambda: None)
    assert again.state == "succeeded"
    assert again.checkpoint_before == {"": saved[-1]}
    with installation.store.read() as uow:
        assert uow.documents.totals() == {"customer": 450}


def test_an_observed_run_that_fails_quarantines_nothing_and_keeps_its_plan_so_far(installation, monkeypatch):
    """What was refused before the failure is in the plan; the store is as it was."""
    saved, save = [], RunHandlers.save

    def failing(self, partition, values):
        save(self, partition, values)
        saved.append(values)
        if len(saved) == 3:
            raise SourceUnavailable("the source is gone")

    connection = installation.connections.get(installation.org, "acme")
    installation.connections.set(
        connection, installation.catalog.ready("acme")[1], settings={}, secrets={}, mode="observe"
    )
    connection = installation.connections.get(installation.org, "acme")
    monkeypatch.setattr(RunHandlers, "save", failing)
    run = installation.foreground.run(connection, "invoices", lambda _run: None, lambda: None)
    assert (run.state, run.reason) == ("failed", "source_unavailable")
    plan = installation.run_library.plan(installation.org, run.plan_id)
    assert plan["summary"]["created"] == 447
    assert len(plan["rejected"]) == 3
    with installation.store.engine.connect() as opened:
        for table in ("quarantine", "documents", "checkpoints"):
            assert opened.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0, table
