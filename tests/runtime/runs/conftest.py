"""An installation with one connection to a sample source, whose runs are carried out in this process."""

import pytest

from levada_acme.sample import SampleSource
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings


@pytest.fixture
def source():
    """A small Acme without faults."""
    with SampleSource(customers=450, invoices=450, faults=False) as source:
        yield source


@pytest.fixture
def installation(tmp_path, source, new_database, lending):
    """An installation over a store of its own, with the connection `acme`."""
    host = source.base_url.removeprefix("http://")
    settings = Settings(data_dir=tmp_path / "data", database_url=new_database(), broker={"allow_private": [host]})
    with Installation(settings) as installation:
        lending.to(installation)
        _, manifest = installation.catalog.ready("acme")
        installation.connections.add(
            installation.org,
            manifest,
            settings={"api_base": source.base_url},
            secrets={"api_key": source.api_key},
        )
        yield installation
