"""Whatever an operator can do by the command line or the API is in the audit log, or is told of elsewhere."""

import ast
from pathlib import Path

import typer

from levada_runtime.access.audit import ACTIONS
from levada_runtime.api.app import make_app
from levada_runtime.cli import command_line
from levada_runtime.daemon.api import api_services
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings

SOURCES = Path(__file__).parents[2] / "runtime" / "src" / "levada_runtime"

READING = {"list", "show", "get", "versions", "logs", "exchanges", "capture", "status", "lint", "test", "diff", "ticks"}
"""The last word of commands that change nothing."""
CHANGES_NOTHING = {
    "observe",
    "dry-run",
    "dryrun",
    "debug",
    "version",
    "doctor",
    "check",
    "why document",
    "why entity",
    "graph changes",
    "graph entity",
    "graph neighbours",
    "graph path",
    "graph stats",
    "connections check",
}
STARTS_A_PROCESS = {"serve", "worker", "demo"}
TOLD_BY_PROVENANCE = {"entities set", "entities delete"}
"""They write data, whose history says where it came from."""
DEEDS = {
    "apply": "plan.apply",
    "backfill": "backfill.begin",
    "backfills cancel": "backfill.cancel",
    "backfills resume": "backfill.resume",
    "connections add": "connection.add",
    "connections pause": "connection.state",
    "connections remove": "connection.remove",
    "connections resume": "connection.state",
    "connections set": "connection.change",
    "connectors approve": "connector.approve",
    "db backup": "database.backup",
    "db prune": "database.prune",
    "deliveries replay": "delivery.replay",
    "graph held approve": "held.approve",
    "graph held discard": "held.discard",
    "graph priority clear": "priority.clear",
    "graph priority set": "priority.set",
    "graph project": "graph.project",
    "keys create": "key.issue",
    "keys revoke": "key.revoke",
    "orgs create": "org.create",
    "pipelines deploy": "pipeline.deploy",
    "pipelines pause": "pipeline.state",
    "pipelines resume": "pipeline.state",
    "quarantine discard": "quarantine.discard",
    "quarantine replay": "quarantine.replay",
    "receipts replay": "receipt.replay",
    "run": "run.start",
    "runs cancel": "run.cancel",
    "runs retry": "run.retry",
    "runs revert": "run.revert",
    "secrets remove": "secret.remove",
    "secrets rotate": "secret.rotate",
    "secrets set": "secret.set",
    "streams accept-scheme": "stream.accept_scheme",
    "streams pause": "stream.change",
    "streams reset": "stream.reset",
    "streams resume": "stream.change",
    "streams state reset": "stream.reset",
    "streams state set": "stream.state",
}
NOT_AN_OPERATORS = {"db upgrade"}
"""Whatever opens the store brings it to the present schema."""
ROUTES = {
    "DELETE /v1/connections/{connection}": "connection.remove",
    "DELETE /v1/keys/{key_id}": "key.revoke",
    "POST /v1/connections/{connection}/pause": "connection.state",
    "POST /v1/connections/{connection}/resume": "connection.state",
    "POST /v1/graph/held/{held_id}/approve": "held.approve",
    "POST /v1/graph/held/{held_id}/discard": "held.discard",
    "DELETE /v1/graph/priorities": "priority.clear",
    "PUT /v1/graph/priorities": "priority.set",
    "POST /v1/keys": "key.issue",
    "DELETE /v1/streams/{connection}/{stream}/state": "stream.reset",
    "PATCH /v1/streams/{connection}/{stream}": "stream.change",
    "POST /v1/backfills": "backfill.begin",
    "POST /v1/backfills/{backfill_id}/cancel": "backfill.cancel",
    "POST /v1/backfills/{backfill_id}/resume": "backfill.resume",
    "POST /v1/connections/{connection}/streams/{stream}/accept-scheme": "stream.accept_scheme",
    "POST /v1/connectors/{key}/approve": "connector.approve",
    "POST /v1/deliveries/{delivery_id}/replay": "delivery.replay",
    "POST /v1/pipelines": "pipeline.deploy",
    "POST /v1/pipelines/{name}/pause": "pipeline.state",
    "POST /v1/pipelines/{name}/resume": "pipeline.state",
    "POST /v1/plans/{plan_id}/apply": "plan.apply",
    "POST /v1/quarantine/discard": "quarantine.discard",
    "POST /v1/quarantine/replay": "quarantine.replay",
    "POST /v1/quarantine/{record_id}/discard": "quarantine.discard",
    "POST /v1/quarantine/{record_id}/replay": "quarantine.replay",
    "POST /v1/receipts/{receipt_id}/replay": "receipt.replay",
    "POST /v1/runs/{run_id}/cancel": "run.cancel",
    "POST /v1/runs/{run_id}/retry": "run.retry",
    "POST /v1/runs/{run_id}/revert": "run.revert",
    "PUT /v1/streams/{connection}/{stream}/state": "stream.state",
}
OPERATING = {"operations", "pipelines"}
"""The tags of routes by which an operator acts; what comes in by others is data."""


def commands(command, *words):
    """Yield the words of every command."""
    for name, one in getattr(command, "commands", {}).items():
        yield from commands(one, *words, name)
    if not hasattr(command, "commands"):
        yield " ".join(words)


def noted():
    """Return the actions that the runtime's sources note."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "note" and len(node.args) > 3:
                found.add(ast.literal_eval(node.args[3]))
    return found


def test_every_command_that_changes_something_is_in_the_audit_log():
    """One that is new has to say which deed it is, or why it is none."""
    known = {*DEEDS, *CHANGES_NOTHING, *STARTS_A_PROCESS, *TOLD_BY_PROVENANCE, *NOT_AN_OPERATORS}
    there = {one for one in commands(typer.main.get_command(command_line())) if one.split()[-1] not in READING}
    assert sorted(there - known) == []
    assert sorted(set(DEEDS) - there) == []


def test_every_route_by_which_an_operator_acts_is_in_the_audit_log(tmp_path):
    """Whatever asks for the scope to operate, and is no question."""
    with Installation(Settings(data_dir=tmp_path)) as installation:
        paths = make_app(api_services(installation, dict)).openapi()["paths"]
    there = {
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "get" and OPERATING & set(operation["tags"])
    }
    assert there == set(ROUTES)


def test_every_action_is_noted_somewhere_and_no_other():
    """The words of the log are those that its readers may ask for."""
    assert noted() == set(ACTIONS)
    assert {*DEEDS.values(), *ROUTES.values()} <= set(ACTIONS)
