"""A run that does not end well makes an event."""

from levada import SourceUnavailable
from levada_runtime.runs.handlers import RunHandlers


def events_of(installation):
    with installation.store.engine.connect() as opened:
        query = "SELECT source, type, subject, payload FROM events WHERE source LIKE 'run.%%' ORDER BY id"
        return [tuple(row) for row in opened.exec_driver_sql(query)]


def run(installation, stream):
    connection = installation.connections.get(installation.org, "acme")
    return installation.foreground.run(connection, stream, lambda _run: None, lambda: None)


def test_a_partial_run_is_told_and_a_successful_one_is_not(installation):
    """The event is of the connector, and its payload is the run as it is shown."""
    assert run(installation, "customers").state == "succeeded"
    assert events_of(installation) == []
    partial = run(installation, "invoices")
    ((source, kind, subject, payload),) = events_of(installation)
    assert (source, kind, subject) == ("run.partial", "acme", "run:invoices")
    assert partial.id in payload
    assert '"failed":3' in payload


def test_a_failed_run_is_told_once_it_is_given_up(installation, monkeypatch):
    """What is tried again is not told of yet; the last failure is, with its reason."""

    def failing(self, partition, values):
        raise SourceUnavailable("the source is gone")

    monkeypatch.setattr(RunHandlers, "save", failing)
    failed = run(installation, "customers")
    assert failed.state == "failed"
    ((source, _, _, payload),) = events_of(installation)
    assert source == "run.failed"
    assert "source_unavailable" in payload
