"""An installation with a connection to a connector that asks what it is told to, of a source with a certificate."""

import sys

import pytest
from tests import explorer
from tests.loopback import NAME, Loopback, answers, make_authority

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.outbound import AllowPrivate, Client
from levada_runtime.runs.attempt import Conductor
from levada_runtime.sandbox.broker.clients import Clients

SECRET = "s3cret/with+signs"


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate for a name: what a server shows, and what a client must trust for it."""
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def explored(tmp_path_factory):
    """The folder that the connector is installed in."""
    return explorer.install(tmp_path_factory.mktemp("explorer") / "packages")


@pytest.fixture
def source(authority):
    """A source with a name and a certificate."""
    server = Loopback(authority[0])
    yield server
    server.close()


class Bench:
    """Runs streams of the one connection, and shows what is kept of them."""

    def __init__(self, installation, source):
        self.installation = installation
        self.source = source
        _, manifest = installation.catalog.ready("explorer")
        given = {"api_base": source.named}
        self.connection = installation.connections.add(
            installation.org, manifest, settings=given, secrets={"key": SECRET}
        )

    def set(self, **settings):
        recording = settings.pop("recording", None)
        _, manifest = self.installation.catalog.ready("explorer")
        self.connection = self.installation.connections.set(
            self.connection, manifest, settings=settings, secrets={}, recording=recording
        )

    def run(self, stream, *, record=False, attempts=1):
        """Carry a run of the stream out, due or not, and return it as scripts see it."""
        row = self.installation.queue.by_hand(self.connection, stream, record=record)
        for _ in range(attempts):
            token = self.installation.work.claim_next(row.org_id, row.connection_id, f"stream:{stream}")
            self.installation.runs.execute(token)
        return self.installation.run_library.run(self.installation.org, row.id)

    def exchanges(self, run):
        return self.installation.run_library.exchanges(self.installation.org, run["id"])


@pytest.fixture
def new_bench(tmp_path, monkeypatch, new_database, lending, explored, source, authority):
    """Returns what makes the installation, whose names are looked up by `lookup`; `allow` is the operator's list."""
    opened = []

    def make(lookup=None, allow=None):
        monkeypatch.setattr(sys, "path", [str(explored), *sys.path])
        installation = Installation(Settings(data_dir=tmp_path / "data", database_url=new_database()))
        opened.append(installation)
        lending.to(installation)
        allowed = AllowPrivate.read([f"{NAME}:{source.port}"] if allow is None else allow)
        clients = Clients(
            lambda: Client(
                allow_private=allowed, cookies=True, lookup=lookup or answers(["127.0.0.1"]), tls=authority[1]
            )
        )
        monkeypatch.setattr(
            "levada_runtime.runs.attempt.Conductor", lambda *floors: Conductor(*floors, clients=clients)
        )
        return Bench(installation, source)

    yield make
    for installation in opened:
        installation.close()


@pytest.fixture
def bench(new_bench):
    """The installation, with the source as the one place that the operator allows."""
    return new_bench()
