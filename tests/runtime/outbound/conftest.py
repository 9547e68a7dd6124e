"""Servers on loopback, and clients that may reach them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.loopback import Loopback, make_authority

from levada_runtime.outbound import AllowPrivate, BlockingClient, Client


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    """What is to be closed at the end."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def new_server(cleanup: ExitStack) -> Callable[..., Loopback]:
    """Returns what starts another server."""

    def make(*how) -> Loopback:
        server = Loopback(*how)
        cleanup.callback(server.close)
        return server

    return make


@pytest.fixture
def server(new_server) -> Loopback:
    """A server that speaks plain http."""
    return new_server()


@pytest.fixture
def new_client(cleanup: ExitStack) -> Callable[..., BlockingClient]:
    """Returns what makes a client that may reach the places given."""

    def make(*allowed: str, **words) -> BlockingClient:
        return cleanup.enter_context(BlockingClient(Client(allow_private=AllowPrivate.read(allowed), **words)))

    return make


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate for api.example.test and 127.0.0.1: what the server shows, and what a client must trust for it."""
    return make_authority(tmp_path_factory.mktemp("tls"))
