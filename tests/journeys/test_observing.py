"""Observation: the same code runs to the end, and nothing but the run, its log and its plan is written."""

import hashlib

import pytest

pytestmark = pytest.mark.journey

EXEMPT = ("runs", "plans", "run_logs", "run_exchanges")


def fingerprint(site):
    """Return a hash over every row of every table but runs, plans and logs."""
    digest = hashlib.sha256()
    kept = [name for name in site.tables() if name not in EXEMPT]
    assert {"documents", "versions", "events", "checkpoints", "work", "quarantine", "connections"} <= set(kept)
    for name in kept:
        for row in sorted(map(repr, site.rows(f"SELECT * FROM {name}"))):
            digest.update(f"{name}{row}".encode())
    return digest.hexdigest()


def test_observing_prints_what_would_change_and_leaves_no_trace(site, source):
    """The plan says exactly what the live run then does, and the store is the same before and after."""
    site.runtime("run", "acme", "customers")
    source.advance()
    before = fingerprint(site)
    plan = site.json("observe", "acme", "customers")
    assert fingerprint(site) == before
    assert plan["summary"]["updated"] > 0
    assert plan["summary"]["retired"] > 0
    run = site.json("run", "acme", "customers")
    assert fingerprint(site) != before
    names = ("created", "updated", "unchanged", "retired", "failed")
    assert {name: plan["summary"][name] for name in names} == {name: run["counts"][name] for name in names}
    changed = {one["idempotency_key"] for one in plan["documents"] if one["outcome"] == "updated"}
    versions = site.rows("SELECT idempotency_key FROM documents WHERE version = 2")
    assert changed == {row[0] for row in versions}
    one = next(one for one in plan["documents"] if one["outcome"] == "updated")
    assert all(set(change) == {"path", "before", "after"} for change in one["changes"])
    assert any(change["before"] != change["after"] for change in one["changes"])


@pytest.mark.databases("sqlite")
def test_rejected_records_are_in_the_plan_and_not_in_quarantine(site, source):
    """The exit code says that records were rejected; they are listed with what is wrong."""
    before = fingerprint(site)
    plan = site.runtime("observe", "acme", "invoices", "--json", code=4).json["result"]
    assert fingerprint(site) == before
    assert len(plan["rejected"]) == len(source.served.invalid)
    assert all(record["errors"] for record in plan["rejected"])
    assert site.json("quarantine", "list")["items"] == []


@pytest.mark.databases("sqlite")
def test_the_detailed_exit_code_says_whether_there_are_changes(site, tmp_path):
    """Five when the plan holds changes, nought when it does not; aliases and --observe are the same command."""
    site.runtime("observe", "acme", "customers", "--detailed-exitcode", "--out", str(tmp_path / "plan.json"), code=5)
    assert (tmp_path / "plan.json").exists()
    refused = site.runtime("observe", "acme", "customers", "--out", str(tmp_path / "no" / "plan.json"), code=3)
    assert "no/plan.json" in refused.err
    site.runtime("run", "acme", "customers")
    site.runtime("observe", "acme", "customers", "--detailed-exitcode", code=0)
    site.runtime("dry-run", "acme", "customers", code=0)
    assert site.json("run", "acme", "customers", "--observe")["summary"]["created"] == 0


def test_a_connection_in_observe_mode_commits_nothing(site):
    """Its runs end in plans, by hand and on schedule alike."""
    site.runtime("connections", "set", "acme", "--mode", "observe")
    run = site.json("run", "acme", "customers")
    assert run["observing"]
    assert run["plan_id"]
    assert run["counts"]["created"] > 0
    assert site.rows("SELECT count(*) FROM documents") == [(0,)]
    assert site.rows("SELECT count(*) FROM checkpoints") == [(0,)]
