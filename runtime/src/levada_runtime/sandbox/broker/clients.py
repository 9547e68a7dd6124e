"""The clients of a worker's connections, kept from one run to the next: a pool of sockets and a jar of cookies each.

A connection's client is never another's: what a source set as a cookie or learnt of a caller stays with the connection
whose credentials it came for. While it is lent nobody else has it. Idle sockets close by themselves after a while.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson

from levada_runtime.outbound import BlockingClient, Client, LoopThread

MOST: Final = 16


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose client it is: a connection as it is configured now. With other settings or secrets it is another's."""

    connection: str
    fingerprint: bytes

    @classmethod
    def of(cls, connection: str, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> "Owner":
        """Return the owner; of the values only a hash is kept."""
        configured = orjson.dumps([dict(settings), dict(secrets)], option=orjson.OPT_SORT_KEYS, default=str)
        return cls(connection, hashlib.sha256(configured).digest())


class Clients:
    """Lends each owner its client; beyond `most` the one that was lent longest ago is closed."""

    def __init__(self, make: Callable[[], Client], *, most: int = MOST) -> None:
        self._make = make
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Owner, BlockingClient]] = OrderedDict()
        self._loop: LoopThread | None = None

    def __len__(self) -> int:
        return len(self._kept)

    @contextmanager
    def lent(self, owner: Owner) -> Iterator[BlockingClient]:
        """The owner's client, for the block alone; it is kept for the next time unless the block was broken off."""
        client = self._taken(owner)
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._put_back(owner, client)

    def close(self) -> None:
        """Close every client, and the loop they run on."""
        with self._lock:
            kept, self._kept = [client for _, client in self._kept.values()], OrderedDict()
            loop, self._loop = self._loop, None
        for client in kept:
            client.close()
        if loop is not None:
            loop.close()

    def _taken(self, owner: Owner) -> BlockingClient:
        with self._lock:
            kept = self._kept.pop(owner.connection, None)
            self._loop = self._loop or LoopThread()
            loop = self._loop
        if kept is not None and kept[0] == owner:
            return kept[1]
        if kept is not None:
            kept[1].close()
        return BlockingClient(self._make(), loop)

    def _put_back(self, owner: Owner, client: BlockingClient) -> None:
        with self._lock:
            surplus = [client]
            if self._loop is not None and owner.connection not in self._kept:
                self._kept[owner.connection] = (owner, client)
                surplus = [self._kept.popitem(last=False)[1][1] for _ in range(len(self._kept) - self._most)]
        for one in surplus:
            one.close()
