"""What a worker process does: takes tokens from its standard input, one at a time, and says when each is done.

It may go on with what follows a token, and says so, without asking for it: a deep line costs its supervisor nothing.
When its input ends, whoever supervised it is gone, and it leaves at once: the row it was at is recovered by the next
supervisor.
"""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, TextIO

from levada_runtime.work.service import Token

FOLLOWS_FOR_S: Final = 1.0
"""How long a worker goes on by itself before others have their turn."""


def serve_tokens(
    handle: Callable[[Token], None],
    draining: threading.Event,
    following: Callable[[Token], Token | None] = lambda _: None,
) -> None:
    """Handle tokens, and for a while those that are taken as `following` one, until told to drain."""
    tokens: queue.SimpleQueue[Token | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, tokens, draining), daemon=True).start()
    _answer({"ready": True})
    while (token := tokens.get()) is not None:
        _answer({"done": _follow(token, handle, draining, following)})


def _follow(
    token: Token,
    handle: Callable[[Token], None],
    draining: threading.Event,
    following: Callable[[Token], Token | None],
) -> Token:
    """Handle a token and what follows it; return the last one."""
    until = time.monotonic() + FOLLOWS_FOR_S
    handle(token)
    while time.monotonic() < until and not draining.is_set():
        ahead = following(token)
        if ahead is None:
            break
        token = ahead
        _answer({"at": token})
        handle(token)
    return token


def _read(lines: TextIO, tokens: queue.SimpleQueue[Token | None], draining: threading.Event) -> None:
    for line in lines:
        message = json.loads(line)
        if "drain" in message:
            draining.set()
            tokens.put(None)
        else:
            work_id, fence = message["work"]
            tokens.put((work_id, fence))
    os._exit(0)


def _answer(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
