"""Connectors are found without being imported; extensions are loaded as trusted plugins."""

import sys
from pathlib import Path

import pytest

from levada_runtime.catalog.discovery import find_connectors
from levada_runtime.catalog.plugins import load_extensions, registered_connectors
from levada_runtime.catalog.service import Catalog
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.sandbox.host import Sandbox

GOOD = '''
"""A connector."""
from levada import Connector

connector = Connector("{key}")


@connector.poll("things", every="@hourly")
def things(log):
    """Things."""
    log.info("here")
'''


class Packages:
    """A folder on the path, with distributions laid into it."""

    def __init__(self, folder):
        self.folder = folder

    def lay(self, name, source, *, value=None, key=None, group="levada.connectors"):
        (self.folder / name).mkdir()
        (self.folder / name / "__init__.py").write_text(source)
        info = self.folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{key or name} = {value or f'{name}:connector'}\n")


@pytest.fixture
def packages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    return Packages(tmp_path)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(allow_weak=True) as sandbox:
        yield sandbox


@pytest.fixture
def catalog(store, clock, sandbox):
    return Catalog(store, clock, load_extensions(Registry()), lambda: sandbox)


def found(catalog):
    return {one.key: one for one in catalog.refresh()}


def test_a_connector_is_described_and_registered_without_being_imported(packages, catalog):
    """Its manifest is known, a stand-in answers the hook, and its module is not in this process."""
    packages.lay("tide", GOOD.format(key="tide"))
    tide = found(catalog)["tide"]
    assert tide.state == "ready"
    assert [stream.key for stream in tide.manifest.streams] == ["things"]
    assert tide.manifest.version == "1.0"
    assert "tide" not in sys.modules
    assert "tide" in {one.key for one in registered_connectors(catalog._plugins)}


@pytest.mark.parametrize(
    ("name", "source", "value", "reason"),
    [
        ("syntax", "def (", None, "policy: syntax/__init__.py:1"),
        ("imports", "import os\n", None, "os cannot be imported"),
        ("raises", "raise ValueError('no')\n", None, "ValueError"),
        ("missing", "x = 1\n", None, "missing:connector"),
        ("other", "connector = 5\n", None, "other:connector"),
        ("misnamed", GOOD.format(key="another"), None, "another"),
        ("nested", GOOD.format(key="nested"), "nested.inner:connector", "nested module"),
        ("formless", GOOD.format(key="formless"), "formless", "package:attribute"),
        ("absent", GOOD.format(key="absent"), "nowhere_to_be_found:connector", "not installed"),
    ],
)
def test_a_broken_connector_is_listed_with_the_reason_and_stops_no_other(
    packages, catalog, name, source, value, reason
):
    """Each kind of breakage has its sentence, and the others are ready."""
    packages.lay(name, source, value=value)
    everything = found(catalog)
    assert everything[name].state == "broken"
    assert reason in everything[name].reason
    assert everything["acme"].state == "ready"
    with pytest.raises(UsageFailure, match="broken"):
        catalog.ready(name)


def test_a_connector_that_is_asked_for_is_looked_at_alone(packages, catalog, store):
    """What the others declare is read once somebody asks for them, or for all."""
    packages.lay("tide", GOOD.format(key="tide"))
    packages.lay("ebb", GOOD.format(key="ebb"))
    assert catalog.ready("tide")[0].key == "tide"
    assert [one.key for one in registered_connectors(catalog._plugins)] == ["tide"]
    assert {"acme", "ebb", "tide"} <= {one.key for one in catalog.all()}
    with store.read() as uow:
        assert {"acme", "ebb", "tide"} <= set(uow.connectors.hashes())


def test_a_name_that_two_distributions_offer_is_refused_to_who_asks_for_it_alone(packages, catalog):
    """That there are two is seen without a look at all the others."""
    packages.lay("one", GOOD.format(key="twin"), key="twin")
    packages.lay("two", GOOD.format(key="twin"), key="twin")
    with pytest.raises(UsageFailure, match="several distributions"):
        catalog.ready("twin")


def test_a_name_that_two_distributions_offer_is_refused(packages, catalog):
    """Neither of them is taken for the other."""
    packages.lay("one", GOOD.format(key="twin"), key="twin")
    packages.lay("two", GOOD.format(key="twin"), key="twin")
    twin = found(catalog)["twin"]
    assert twin.state == "broken"
    assert "one" in twin.reason
    assert "two" in twin.reason


def test_a_source_is_described_once_and_again_when_it_changes(packages, store, clock, sandbox):
    """What was found out is remembered by the hash of the source, of broken connectors too."""
    packages.lay("tide", GOOD.format(key="tide"))
    packages.lay("ebb", "raise ValueError('no')\n")
    asked = []

    def counted():
        asked.append(1)
        return sandbox

    def fresh():
        return Catalog(store, clock, load_extensions(Registry()), counted)

    first = found(fresh())["tide"]
    described = len(asked)
    again = found(fresh())
    assert again["tide"].source_hash == first.source_hash
    assert again["tide"].manifest == first.manifest
    assert "ValueError" in again["ebb"].reason
    assert len(asked) == described
    (Path(packages.folder) / "tide" / "__init__.py").write_text(GOOD.format(key="tide") + "\n# changed\n")
    assert found(fresh())["tide"].source_hash != first.source_hash
    assert len(asked) == described + 1


def test_a_connector_that_is_gone_is_forgotten(packages, catalog, store):
    """Uninstalling is enough."""
    packages.lay("tide", GOOD.format(key="tide"))
    found(catalog)
    for path in sorted(Path(packages.folder).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert "tide" not in found(catalog)
    with pytest.raises(NotFoundFailure, match="tide"):
        catalog.get("tide")
    with store.read() as uow:
        assert "tide" not in {row.key for row in uow.connectors.all()}


EXTENSION = """
from typing import ClassVar

from levada.contracts import Contract
from levada.hookspecs import hookimpl


class BoatPayload(Contract):
    document_type: ClassVar[str] = "{kind}"
    plural: ClassVar[str] = "boats"

    name: str


@hookimpl
def levada_contracts():
    return [BoatPayload]
"""


def test_an_extension_adds_a_contract(packages):
    """Trusted plugins are loaded the ordinary way, and widen what documents there are."""
    packages.lay("boats_ext", EXTENSION.format(kind="boat"), value="boats_ext", group="levada.extensions")
    registry = Registry()
    load_extensions(registry)
    assert registry.get("boat").plural == "boats"


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [("takes_customer", EXTENSION.format(kind="customer"), "customer"), ("raises_ext", "raise ValueError('no')", "no")],
)
def test_an_extension_that_cannot_be_is_named(packages, name, source, reason):
    """Two owners of one document type, or an error of its own, stop the start with a sentence."""
    packages.lay(name, source, value=name, group="levada.extensions")
    with pytest.raises(UsageFailure, match=reason):
        load_extensions(Registry())


def test_finding_reads_sources_and_runs_nothing(packages):
    """A module body that would leave a mark is read, not run."""
    packages.lay("marks", "open('/tmp/levada-marks', 'w')\n")
    marks = next(one for one in find_connectors() if one.key == "marks")
    assert marks.files == {"marks/__init__.py": b"open('/tmp/levada-marks', 'w')\n"}
    assert not Path("/tmp/levada-marks").exists()
