"""The failure taxonomy from end to end: each reason by its real cause, and what follows from it.

Real children, a real source, a real store; a run is carried out until nothing of it is left to be tried, and what was
tried, what came of each attempt and how long the next one waits is read from the rows.
"""

import itertools
import os
import signal
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

import pytest
from tests.journeys import causes
from tests.loopback import Loopback

from levada_acme.sample import SampleSource
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.foundation.config import SandboxSettings, Settings
from levada_runtime.runs.retry import RETRIED
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.kernel.cgroup import Groups

pytestmark = pytest.mark.journey

GROUPS = Groups.found()
REASONS = {
    "connector_error", "policy", "auth", "source_unavailable", "rate_limited", "memory", "oom", "cpu_limit", "timeout",
    "crash", "sandbox_violation", "protocol_violation", "worker_lost", "interrupted",
}  # fmt: skip
FIRST_PAUSE_S, LONGEST_PAUSE_S = (2.5, 5.0), (5.0, 10.0)
ASKED_S = 240
"""What the source asks for where it asks for a wait: longer than any pause of a run's own."""


@dataclass(frozen=True)
class Cause:
    """What a stream does, the reason that its run ends for, and how often it is tried."""

    stream: str
    reason: str
    code: str
    attempts: int
    wait_s: float = 0


CAUSES = (
    Cause("exception", "connector_error", "connector_error", 2),
    Cause("other_host", "connector_error", "host_not_declared", 1),
    Cause("bad_record", "connector_error", "batch_rejected", 1),
    Cause("source_refused", "connector_error", "source_refused", 1),
    Cause("refused_key", "auth", "auth_failed", 1),
    Cause("unavailable", "source_unavailable", "source_unavailable", 3, wait_s=ASKED_S),
    Cause("hangs_up", "source_unavailable", "source_unavailable", 3),
    Cause("truncates", "source_unavailable", "source_unavailable", 3),
    Cause("garbage", "source_unavailable", "source_unavailable", 3),
    Cause("rate_limited", "rate_limited", "rate_limited", 3, wait_s=ASKED_S),
    Cause("memory", "memory", "memory", 1),
    Cause("cpu_limit", "cpu_limit", "cpu_limit", 1),
    Cause("sleeps", "timeout", "timeout", 3),
    Cause("source_sleeps", "timeout", "timeout", 3),
    Cause("crash", "crash", "crash", 3),
    Cause("sandbox_violation", "sandbox_violation", "sandbox_violation", 1),
    Cause("protocol_violation", "protocol_violation", "protocol_violation", 1),
)


def answer(handler, content):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def hang_up(handler):
    handler.close_connection = True


def truncate(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"[1, 2")
    handler.close_connection = True


@pytest.fixture(scope="module")
def source():
    """A source that is broken in every way."""
    asked = {"Retry-After": str(ASKED_S)}
    woken = threading.Event()
    acme = Loopback()
    acme.answers |= {
        "/wrong": (400, {}, b"no"),
        "/locked": (401, {}, b"no"),
        "/down": (503, asked, b"no"),
        "/limited": (429, asked, b"no"),
        "/garbage": (200, {}, b"<html>Sign in to the hotel's network</html>"),
        "/hangs-up": hang_up,
        "/truncates": truncate,
        "/sleeps": lambda _handler: woken.wait(5),
        "/asked": (200, {}, b"[]"),
    }
    yield acme
    woken.set()
    acme.close()


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as sandbox:
        yield sandbox


class Bench:
    """An installation with connectors that fail; it carries out their runs in this process, due or not."""

    def __init__(self, installation, source, folder):
        self.installation, self.source, self.folder = installation, source, folder
        self._names = itertools.count()

    def enter(self, stream):
        """Queue a run of a stream, by a connection of its own."""
        key = "causes" if stream in causes.STREAMS else stream
        _, manifest = self.installation.catalog.described(key)
        name = f"{key}-{next(self._names)}"
        connection = self.installation.connections.add(
            self.installation.org,
            manifest,
            name=name,
            settings={"api_base": self.source.url},
            secrets={"api_key": f"the key of {name}, which nobody takes"},
        )
        return connection, self.installation.queue.by_hand(connection, stream)

    def attempt(self, connection, stream):
        """Carry out the head of the stream's line, and return its work as it stands then.

        Nothing is known any more of how long its source wants to be left alone, as if the pause had been waited for.
        """
        with self.installation.store.write() as uow:
            uow._connection.exec_driver_sql("DELETE FROM rate_budgets")
        token = self.installation.work.claim_next(connection.org_id, connection.id, f"stream:{stream}")
        self.installation.runs.execute(token)
        with self.installation.store.read() as uow:
            return uow.work.get(token[0])

    def run(self, run):
        return self.installation.run_library.run(self.installation.org, run.id)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, sandbox, source):
    folder = tmp_path_factory.mktemp("reasons")
    causes.install(folder / "packages")
    limits = SandboxSettings(memory_mb=96, poll_cpu_s=1, poll_wall_s=20)
    settings = Settings(data_dir=folder / "data", sandbox=limits, broker={"allow_private": [source.place]})
    folder = folder / "packages"
    with pytest.MonkeyPatch.context() as patch, Installation(settings) as installation:
        patch.syspath_prepend(str(folder))
        installation.sandbox = sandbox
        installation.catalog.refresh()
        yield Bench(installation, source, folder)


def carried_out(bench, stream):
    """Carry a run out until nothing of it is left; return its connection, itself, and the pauses between attempts."""
    connection, run = bench.enter(stream)
    pauses = []
    for number in range(1, 10):
        before = SystemClock().now()
        work = bench.attempt(connection, stream)
        shown = bench.run(run)
        assert shown["attempt"] == number
        if work.state != "queued":
            return connection, shown, work, pauses
        assert (shown["state"], work.owner) == ("queued", None)
        pauses.append((shown["reason"], work.not_before - before))
    raise AssertionError(f"it is tried for ever: {pauses}")


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.stream)
def test_a_run_ends_for_the_reason_that_is_its_cause_and_is_tried_as_often_as_that_reason_says(bench, cause):
    """Reason, code, number of attempts, growing pauses that honour the source's wish, and a last word that stays."""
    _connection, run, work, pauses = carried_out(bench, cause.stream)
    assert (run["state"], run["reason"], run["error"]["code"]) == ("failed", cause.reason, cause.code), run["error"]
    assert (run["attempt"], work.state) == (cause.attempts, "dead")
    assert [reason for reason, _ in pauses] == [cause.reason] * (cause.attempts - 1)
    for (_, pause), (least, most) in zip(pauses, (FIRST_PAUSE_S, LONGEST_PAUSE_S), strict=False):
        assert max(least, cause.wait_s) <= pause.total_seconds() <= max(most, cause.wait_s) + 15
    if not cause.wait_s and len(pauses) == 2:
        assert pauses[0][1] < timedelta(seconds=20)


def test_a_version_that_the_policy_refuses_runs_not_once(bench):
    """What was queued before it was installed ends for the policy, with the place in the source, and is not retried."""
    connection, run = bench.enter(causes.REFUSED)
    causes.refuse(bench.folder)
    bench.installation.catalog.refresh()
    work = bench.attempt(connection, causes.REFUSED)
    shown = bench.run(run)
    assert (shown["state"], shown["reason"], shown["attempt"], work.state) == ("failed", "policy", 1, "dead")
    assert "__init__.py" in shown["error"]["message"]


def test_a_refused_key_marks_the_connection(bench):
    """An operator has to look at it; until then nothing asks the source by it."""
    connection, _run, _work, _pauses = carried_out(bench, "refused_key")
    found = bench.installation.connections.get(bench.installation.org, connection.name)
    assert found.state == "needs_attention"
    assert "401" in found.state_reason


@pytest.mark.parametrize("stream", sorted(causes.VIOLATIONS))
def test_a_violation_is_the_last_thing_that_a_version_did(bench, stream):
    """After it the version is confined: another connection's run of it ends for the policy, and no child is started."""
    if bench.installation.catalog.get(stream).state != "quarantined":
        carried_out(bench, stream)
    assert bench.installation.catalog.get(stream).state == "quarantined"
    _, again, work, pauses = carried_out(bench, stream)
    assert (again["state"], again["reason"], work.state, pauses) == ("failed", "policy", "dead", [])
    assert again["error"]["code"] == "connector_quarantined"


@pytest.mark.skipif(GROUPS.state.startswith("none"), reason=f"no memory group can be made here: {GROUPS.state}")
def test_a_child_that_the_kernel_kills_for_want_of_memory_is_tried_again(bench, monkeypatch):
    """Where nothing else holds it its memory group does; the machine may have more room the next time."""
    with Sandbox(without=frozenset({"rlimits"}), allow_weak=True) as unlimited:
        monkeypatch.setattr(bench.installation.runs._conductor, "_sandbox", unlimited)
        _, run, work, pauses = carried_out(bench, "memory")
    assert (run["state"], run["reason"], run["attempt"]) == ("failed", "oom", 3), run
    assert ([reason for reason, _ in pauses], work.state) == (["oom", "oom"], "dead")


def test_a_zygote_that_dies_loses_its_runs_to_another_attempt(bench, sandbox, source, monkeypatch):
    """kill -9 of the zygote while its child asks the source; the third time the run has failed."""

    def kill(handler):
        os.kill(sandbox.zygote_pid, signal.SIGKILL)
        hang_up(handler)

    monkeypatch.setitem(source.answers, "/asked", kill)
    _, run, work, pauses = carried_out(bench, "asks")
    assert (run["state"], run["reason"], run["attempt"]) == ("failed", "worker_lost", 3), run
    assert ([reason for reason, _ in pauses], work.state) == (["worker_lost", "worker_lost"], "dead")


class SilentSource(SampleSource):
    """A source that answers no page until it is told to, and never within a run of these tests."""

    def page(self, kind, **place):
        time.sleep(30)
        return super().page(kind, **place)


def test_a_run_whose_workers_die_again_and_again_is_given_up(tmp_path, connected_site, wait_until):
    """kill -9 of a daemon's worker, three times before there is a page: whoever comes next ends the run."""
    with SilentSource(customers=1, invoices=0, faults=False) as silent:
        site = connected_site(tmp_path / "data", silent)
        daemon = site.serve("--workers", "1")
        (run,) = site.enqueue("customers")
        for number in (1, 2, 3):
            wait_until(lambda now=number: site.run_rows()[run] == ("running", 0, now), f"attempt {number}")
            (worker,) = daemon.workers()
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: site.run_rows()[run][0] == "failed", "the run was given up")
        assert site.rows("SELECT reason, attempt FROM runs") == [("worker_lost", 4)]
        assert site.rows("SELECT state, owner FROM work") == [("dead", None)]
        daemon.stop()


def test_a_run_is_interrupted_at_its_page_and_that_costs_no_attempt(bench, source, monkeypatch):
    """The runtime is told to stop while the route asks; the run goes on from the page, as often as it takes."""
    draining = bench.installation.draining
    monkeypatch.setitem(source.answers, "/asked", lambda handler: (draining.set(), answer(handler, b"[]")))
    connection, run = bench.enter("saves")
    for number in range(1, 6):
        began = SystemClock().now()
        work = bench.attempt(connection, "saves")
        draining.clear()
        shown = bench.run(run)
        assert (shown["state"], shown["reason"], shown["attempt"]) == ("queued", "interrupted", number)
        assert shown["checkpoint"]["after"] == {"at": 2}
        assert (work.state, work.attempt) == ("queued", 0)
        assert work.not_before - began < timedelta(seconds=20)


def test_a_run_that_waits_for_its_source_gives_way_at_once(bench, source, monkeypatch):
    """The runtime is told to stop while a source is down: nobody waits for it to come back, and no attempt is lost."""
    draining = bench.installation.draining
    monkeypatch.setitem(source.answers, "/down", lambda handler: (draining.set(), hang_up(handler)))
    connection, run = bench.enter("saves")
    began = time.monotonic()
    work = bench.attempt(connection, "saves")
    draining.clear()
    assert (bench.run(run)["state"], bench.run(run)["reason"]) == ("queued", "interrupted")
    assert (work.state, work.attempt) == ("queued", 0)
    assert bench.run(run)["http"]["requests"] == 2
    assert time.monotonic() - began < 10


def test_what_was_kept_before_a_failure_gives_the_run_its_attempts_back(bench):
    """A source that is down after every page is asked again and again: attempts count from the last page."""
    connection, run = bench.enter("saves")
    for number in range(1, 6):
        work = bench.attempt(connection, "saves")
        assert bench.run(run)["attempt"] == number
        assert (work.state, work.attempt) == ("queued", 1)
    assert (bench.run(run)["state"], bench.run(run)["reason"]) == ("queued", "source_unavailable")


def test_every_reason_of_the_runtime_is_brought_about_here():
    """A new reason needs a cause: none is only spelt out somewhere."""
    brought = {cause.reason for cause in CAUSES} | {"policy", "oom", "worker_lost", "interrupted"}
    assert brought == REASONS
    assert RETRIED <= REASONS
    assert {cause.reason for cause in CAUSES if cause.attempts == 3} | {"oom", "worker_lost"} == RETRIED
