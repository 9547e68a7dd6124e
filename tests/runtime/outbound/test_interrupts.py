"""Ctrl-C may fall into any instant of a client's life: nothing is left half made, and nothing is said about it."""

import re
import subprocess
import sys

SCRIPT = """
import random, signal, threading
from tests.loopback import Loopback
from levada_runtime.outbound import AllowPrivate, BlockingClient, Client, parse_url

server = Loopback()
server.answers["/"] = (204, {}, b"")
target = parse_url(server.url)
allowed = AllowPrivate.read([server.place])
chance = random.Random(7)
signal.signal(signal.SIGALRM, signal.default_int_handler)
reached = {"making": 0, "sending": 0, "closing": 0, "done": 0}
for _ in range(600):
    client, at = None, "making"
    try:
        signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.00001, chance.choice((0.0002, 0.006))))
        client = BlockingClient(Client(allow_private=allowed))
        at = "sending"
        for _ in range(chance.randrange(1, 4)):
            client.send("GET", target)
        at = "closing"
        client.close()
        at = "done"
        signal.setitimer(signal.ITIMER_REAL, 0)
        for _ in range(9):
            pass
    except KeyboardInterrupt:
        pass
    reached[at] += 1
    if client is not None:
        client.close()
print(*reached.values())
"""


def test_an_interrupt_at_any_instant_leaves_a_client_that_can_be_closed():
    """Hundreds of interrupts, at every stage: none finds a loop in pieces, a task pending or a socket unclosed."""
    words = [sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    making, sending, closing, _ = map(int, done.stdout.split())
    assert making > 0
    assert sending > 20
    assert closing > 0
    # An interrupt that falls into a weak reference's callback is Python's to mention, whatever is being done.
    assert not re.search(r"event loop|_ssock|BaseEventLoop|[Tt]ask|coroutine|Warning|Unclosed", done.stderr)
