"""Everything that answers a child, over a real store, and a child that is nothing but bytes."""

import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

from levada import HostRule, Manifest
from levada._manifest import StreamManifest
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.graph.service import Graph
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest
from levada_runtime.runs.assertions import Assertions
from levada_runtime.runs.handlers import CheckHandlers, RunHandlers
from levada_runtime.runs.pager import Pager
from levada_runtime.runs.recorder import Recorder
from levada_runtime.sandbox.answering import Conversation
from levada_runtime.sandbox.broker.service import Broker
from levada_runtime.sandbox.channel import ChannelClosed, HostChannel
from levada_runtime.sandbox.model import Abort, Limits
from levada_runtime.sandbox.protocol import ProtocolError
from levada_runtime.store.model import RunRow

MANIFEST = Manifest(
    key="naughty",
    title="Naughty",
    hosts=(HostRule(setting="api_base"),),
    streams=tuple(
        StreamManifest(key=key, modes=("poll",), description="A crime.", emits=emits)
        for key, emits in (("crime", None), ("other", ("customer",)))
    ),
)
NOWHERE = "127.0.0.1:9"


class Host:
    """Everything that answers a run, over a store; one for each talk."""

    def __init__(self, store, *, observing=False):
        now, clock = datetime(2026, 3, 1, tzinfo=UTC), SystemClock()
        run = RunRow(
            org_id=1,
            connection_id=2,
            id=f"run-{time.monotonic_ns()}",
            connector="naughty",
            stream="crime",
            mode="poll",
            observing=observing,
            state="running",
            attempt=1,
            queued_at=now,
        )
        with store.write() as uow:
            uow.runs.add(run)
        origin = Origin(
            org="default",
            org_id=1,
            connection="naughty",
            connection_id=2,
            connection_uid="uid",
            connector="naughty",
            connector_version="1",
            stream="crime",
            run_id=run.id,
            attempt=1,
            mode="poll",
            scheduled_for=None,
        )
        self.broker = Broker(
            MANIFEST,
            {"api_base": f"http://{NOWHERE}"},
            {},
            allow_private=[NOWHERE],
            limits=Limits(http_requests=4),
            sleep=lambda _seconds: None,
        )
        ingest, recorder = Ingest(store, Registry(), origin, observing=observing), Recorder(clock, self.broker.mask)
        asserted = Assertions(Graph(store, clock), run, "naughty")
        self.pager = Pager(store, clock, run, None, ingest, asserted, recorder, threading.Event(), lambda _run: None)
        self.handlers = RunHandlers(MANIFEST, ingest, asserted, self.broker, self.pager, recorder)
        self.store, self.run_id, self.ingest, self.asserted = store, run.id, ingest, asserted

    def hold(self, data, *, checking=False):
        """Hear bytes as a child's, answer them, and return how the conversation ended; its page is committed."""
        handlers = CheckHandlers(self.handlers) if checking else self.handlers
        ours, theirs = socket.socketpair()
        talker = threading.Thread(target=_talk, args=(theirs, data))
        talker.start()
        conversation = Conversation(HostChannel(ours, time.monotonic() + 20), handlers)
        try:
            ended = conversation.hold()
        except (ProtocolError, ChannelClosed, Abort) as error:
            ended = error
        finally:
            ours.close()
            talker.join()
            self.broker.close()
        if not isinstance(ended, Abort):
            self.pager.commit_part()
        return ended


def _talk(end, data):
    """Send everything, and read answers that nobody looks at, so that neither side waits for the other."""
    with end:
        reader = threading.Thread(target=_drain, args=(end,))
        reader.start()
        with suppress(OSError):  # The host has hung up on it, as it should.
            end.sendall(data)
            end.shutdown(socket.SHUT_WR)
        reader.join()


def _drain(end):
    try:
        while end.recv(1 << 16):
            pass
    except OSError:
        return
