"""What a worker process does: takes tokens from its standard input, one at a time, and says when each is done.

When its input ends, whoever supervised it is gone, and it leaves at once: the row it was at is recovered by the next
supervisor.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import TextIO

from levada_runtime.work.service import Token


def serve_tokens(handle: Callable[[Token], None], draining: threading.Event) -> None:
    """Handle tokens until told to drain."""
    tokens: queue.SimpleQueue[Token | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, tokens, draining), daemon=True).start()
    _answer({"ready": True})
    while (token := tokens.get()) is not None:
        handle(token)
        _answer({"done": token})


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
