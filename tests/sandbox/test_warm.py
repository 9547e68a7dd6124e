"""A child that serves one webhook after another: for whom, how long, and what does not stay between two of them."""

import os
import signal
import time
from pathlib import Path

import pytest
from tests.sandbox.conftest import Told, Wall

from levada_runtime.sandbox import warm
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.kernel.processor import used_s
from levada_runtime.sandbox.model import Delivery, Limits

SENT = Delivery(b"{}", {}, {}, "evt")
COUNT = "served.append(request.delivery_id)\nlog.info(str(len(served)))"
LIMITS = Limits(cpu_s=5, wall_s=10)


@pytest.fixture(scope="module")
def kept():
    """A sandbox that keeps two children."""
    with Sandbox(warm_children=2) as sandbox:
        yield Wall(sandbox)


def _send(wall, body=COUNT, name="a", *, told=None, head="served = []", request=SENT, **more):
    more.setdefault("limits", LIMITS)
    libraries = {"naughty_library.py": more.pop("library")} if "library" in more else {}
    source = (
        "from levada import Connector, Reply, secret, unverified\n"
        + ("import naughty_library\n" if libraries else "")
        + f"{head}\n"
        + 'connector = Connector("naughty", settings=[secret("key", expose=True)])\n'
        + '\n\n@connector.webhook("crime", verify=unverified(reason="a test"), reply=True)\n'
        + 'def crime(request, ingest, checkpoint, log, secrets, settings, http, run):\n    """A crime."""\n'
        + "".join(f"    {line}\n" for line in body.splitlines())
    )
    return wall.call(
        source, action="webhook", request=request, handlers=told, keep_warm=name, libraries=libraries, **more
    )


def _children(wall):
    pid = wall.sandbox.zygote_pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_next_call_of_the_same_name_finds_the_connector_loaded(kept, told):
    """Modules stay as the call before left them; what is injected is new."""
    outcomes = [_send(kept, name="same", told=told) for _ in range(3)]
    assert [outcome.reason for outcome in outcomes] == [None] * 3
    assert [outcome.served_before for outcome in outcomes] == [0, 1, 2]
    assert told.messages == ["1", "2", "3"]
    assert outcomes[2].layers == outcomes[0].layers
    assert outcomes[2].level == kept.sandbox.level
    assert 0 < outcomes[2].cpu_s < outcomes[0].cpu_s
    assert outcomes[2].max_rss_bytes > 1 << 20


def test_no_other_name_ever_meets_that_child(kept, told):
    """Nor does a call that names nobody."""
    for name in ("one", "two", None, None):
        assert _send(kept, name=name, told=told).served_before == 0
    assert told.messages == ["1"] * 4
    assert _send(kept, name="two", told=told).served_before == 1


def test_each_call_is_given_its_own_things(kept):
    """Delivery, run, settings and secrets are the call's; the log's budget starts anew; replies come back."""
    body = "print(settings['n'], secrets['key'], run.id)\nlog.info('x' * 8000)\nreturn Reply(200, request.delivery_id)"
    for number in range(40):
        told = Told()
        delivery = Delivery(b"{}", {}, {}, f"evt_{number}")
        outcome = _send(
            kept, body, "own", told=told, request=delivery, settings={"n": number}, secrets={"key": f"k{number}"}
        )
        assert outcome.succeeded, outcome
        assert outcome.result == b'{"status":200,"json":"evt_%d"}' % number
        assert told.messages == [f"{number} k{number} run_1", "x" * 8000]
    assert outcome.served_before == 39


def test_what_a_route_kept_of_a_call_is_of_no_use_in_the_next(kept, told):
    """An object that was injected once speaks for its own call only."""
    body = "kept.append(log)\nkept.append(http)\nif len(kept) > 2:\n    kept[int(request.delivery_id)].{call}"
    for index, call in ((0, "info('x')"), (1, "get('/rows')")):
        name = f"keeps {index}"
        delivery = Delivery(b"{}", {}, {}, str(index))
        first, second = (
            _send(kept, body.format(call=call), name, told=told, head="kept = []", request=delivery) for _ in "12"
        )
        assert (first.reason, second.reason, second.code) == (None, "connector_error", "connector_mistake")
        assert "belongs to a call that is over" in second.message
    assert (told.messages, told.requests) == ([], [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("1 / 0", "connector_error"),
        ("'x' * (1 << 40)", "memory"),
        ("while True:\n    pass", "cpu_limit"),
        ("import time\ntime.sleep(9)", "timeout"),
        ("naughty_library.attack('import os; os._exit(3)')", "crash"),
        ("naughty_library.attack('import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)')", "sandbox_violation"),
        ("naughty_library.attack(\"import os; os.write(3, b'ab')\")", "protocol_violation"),
    ],
)
def test_a_child_that_did_not_plainly_succeed_is_not_kept(body, reason, kept, told):
    """Neither after its first call nor after a later one; limits are each call's own."""
    library = "def attack(code):\n    exec(code)\n"
    limits = Limits(cpu_s=0.25, wall_s=0.6)
    name = f"not kept {reason}"
    later = f"served.append(1)\nif len(served) == 2:\n    {body.replace(chr(10), chr(10) + '    ')}"
    assert _send(kept, later, name, library=library, limits=limits).succeeded
    failed = _send(kept, later, name, library=library, limits=limits)
    assert (failed.reason, failed.served_before) == (reason, 1)
    again = _send(kept, later, name, library=library, limits=limits)
    assert (again.reason, again.served_before) == (None, 0)


SPEAKS = """
import os
from levada_runtime.sandbox import channel
from levada_runtime.sandbox.protocol import Ended, LogFrame, encode
def twice():
    os.write(3, encode(Ended("done")) + encode(LogFrame("info", "late", b"{}")))
    os.read(3, 1)
def later():
    told = channel.ChildChannel.receive
    def receive(self):
        os.write(3, encode(LogFrame("info", "late", b"{}")))
        return told(self)
    channel.ChildChannel.receive = receive
"""


def test_a_child_that_speaks_between_two_calls_breaks_the_protocol(kept, told):
    """What it said after its last word is taken neither for that call nor for the next: it is a violation of one."""
    at_once = _send(kept, "naughty_library.twice()", "twice", told=told, library=SPEAKS)
    assert (at_once.reason, at_once.message) == ("protocol_violation", "a child went on talking after its last word")
    outcomes = [_send(kept, "naughty_library.later()", "later", told=told, library=SPEAKS) for _ in range(2)]
    assert "protocol_violation" in [outcome.reason for outcome in outcomes]
    assert told.lines == []


SPINS = """
import os
from levada_runtime.sandbox.protocol import Ended, encode
def spin():
    os.write(3, encode(Ended("done")))
    while True:
        pass
"""


def test_a_child_does_nothing_between_two_calls(kept, told):
    """One that says it is done and goes on is stopped; what it goes on to do in the next call is that call's."""
    assert _send(kept, "naughty_library.spin()", "spins", told=told, library=SPINS).succeeded
    time.sleep(0.1)  # The kernel stops it as soon as it can.
    before = {pid: used_s(pid) for pid in _children(kept)}
    time.sleep(0.5)
    assert {pid: used_s(pid) for pid in _children(kept)} == before
    limits = Limits(cpu_s=0.3, wall_s=10)
    outcome = _send(kept, "naughty_library.spin()", "spins", told=told, library=SPINS, limits=limits)
    assert outcome.reason in {"cpu_limit", "protocol_violation"}


def test_a_child_that_died_while_it_waited_is_replaced_without_a_word(kept, told):
    """The call is run in a fresh child; nothing of it had begun."""
    assert _send(kept, name="dies", told=told).succeeded
    for pid in _children(kept):
        os.kill(pid, signal.SIGKILL)
    outcome = _send(kept, name="dies", told=told)
    assert (outcome.reason, outcome.served_before) == (None, 0)
    assert told.messages == ["1", "1"]


def test_the_one_used_longest_ago_goes_first(kept, told):
    """There is room for two here."""
    for name in ("lru a", "lru b", "lru a", "lru c"):
        assert _send(kept, name=name, told=told).succeeded
    assert kept.sandbox.warm_children == 2
    assert len(_children(kept)) == 2
    assert _send(kept, name="lru a", told=told).served_before == 2
    assert _send(kept, name="lru b", told=told).served_before == 0


def test_a_child_ends_when_its_time_is_over_though_nobody_calls(monkeypatch, told):
    """Sixty seconds, here a third of one; and a sandbox with no room keeps none."""
    monkeypatch.setattr(warm, "LIFE_S", 0.3)
    with Sandbox() as sandbox:
        wall = Wall(sandbox)
        assert _send(wall, told=told).succeeded
        assert sandbox.warm_children == 1
        until = time.monotonic() + 5
        while _children(wall) and time.monotonic() < until:
            time.sleep(0.02)
        assert (_children(wall), sandbox.warm_children) == ([], 0)
        assert _send(wall, told=told).served_before == 0
    with Sandbox(warm_children=0) as sandbox:
        assert _send(Wall(sandbox), told=told).succeeded
        assert (_children(Wall(sandbox)), sandbox.warm_children) == ([], 0)


def test_kept_children_end_with_the_sandbox_and_with_its_zygote(told):
    """Nothing is left of them, and the next call starts afresh."""
    with Sandbox() as sandbox:
        wall = Wall(sandbox)
        assert _send(wall, told=told).succeeded
        (pid,) = _children(wall)
        os.kill(sandbox.zygote_pid, signal.SIGKILL)
        assert _is_gone(pid)
        assert _send(wall, told=told).served_before == 0
        (pid,) = _children(wall)
    assert _is_gone(pid)


def _is_gone(pid):
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("wear", "stays"),
    [
        (warm.Wear(199, 59, 14, 300 << 20), True),
        (warm.Wear(200, 1, 0.1, 1), False),
        (warm.Wear(1, 60, 0.1, 1), False),
        (warm.Wear(1, 1, 15.1, 1), False),
        (warm.Wear(1, 1, 0.1, 400 << 20), False),
        (warm.Wear(1, 1, 0.1, None), False),
    ],
)
def test_a_worn_child_goes(wear, stays):
    """Calls served, age, processor time, memory: what is left must do for a whole call."""
    assert warm.may_stay(wear, LIMITS) is stays
