"""Trusted extensions add contracts and widen those there are; whatever else they offer stops the start by name."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from tests.payloads import FULL

from levada._hashing import payload_hash
from levada.contracts import (
    CONTRACTS,
    Contract,
    CustomerPayload,
    End,
    InvoicePayload,
    Link,
    Moment,
    Name,
    Projection,
)
from levada_runtime.catalog.plugins import load_extensions
from levada_runtime.contracts.offers import RESERVED
from levada_runtime.contracts.registry import BUILT_IN, Registry
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.graph.vocabulary import Vocabulary

HEAD = """
from typing import ClassVar
from levada.contracts import Contract, InvoicePayload, Money, Name
from levada.hookspecs import hookimpl
"""
BERTH = """
class BerthPayload(Contract):
    document_type: ClassVar[str] = "berth"
    plural: ClassVar[str] = "berths"

    source_id: Name
    daily_rate: Money | None = None
"""
WIDER = """
class HarbourInvoicePayload(InvoicePayload):
    widens: ClassVar[bool] = True

    berth_id: str | None = None
"""
HOOK = """
@hookimpl
def levada_contracts():
    return [{offers}]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Returns what lays an extension where installed distributions are found."""
    monkeypatch.syspath_prepend(tmp_path)

    def lay(name, source, offers):
        (tmp_path / f"{name}.py").write_text(HEAD + source + HOOK.format(offers=offers))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[levada.extensions]\n{name} = {name}\n")

    return lay


def loaded():
    registry = Registry()
    load_extensions(registry)
    return registry


def invoice(contract, **more):
    model = contract.model_validate_json(json.dumps({**FULL["invoice"], **more}))
    model.complete()
    return model


def test_a_type_is_added_and_another_widened(install):
    """Both are known with their owners, and no document of the wider type gets another hash."""
    install("harbour_a", BERTH + WIDER, "BerthPayload, HarbourInvoicePayload")
    registry = loaded()
    berth, wider = registry.owned("berth"), registry.owned("invoice")
    assert (berth.owner, berth.widened_by) == ("harbour_a", None)
    assert (wider.owner, wider.widened_by) == (BUILT_IN, "harbour_a")
    assert registry.plural("berths") is berth.contract
    assert payload_hash(invoice(wider.contract)) == payload_hash(invoice(InvoicePayload))
    assert payload_hash(invoice(wider.contract, berth_id="b-1")) != payload_hash(invoice(InvoicePayload))
    assert [contract.document_type for contract in registry].count("invoice") == 1
    assert len(list(registry)) == len(CONTRACTS) + 1
    assert CONTRACTS["invoice"] is InvoicePayload


def test_what_is_widened_may_be_widened_further(install):
    """By a class derived from the wider one, whichever of the two extensions is found first."""
    further = "from harbour_b import HarbourInvoicePayload\nclass Further(HarbourInvoicePayload):\n"
    further += "    widens: ClassVar[bool] = True\n    pier: str | None = None\n"
    install("a_further", further, "Further")
    install("harbour_b", WIDER, "HarbourInvoicePayload")
    owned = loaded().owned("invoice")
    assert (owned.contract.__name__, owned.widened_by) == ("Further", "a_further")


def test_two_owners_of_one_name_are_refused_by_naming_both(install):
    """Of a type, of a plural and of a widening."""
    install("docks_c", BERTH, "BerthPayload")
    install("harbour_c", BERTH, "BerthPayload")
    with pytest.raises(UsageFailure, match="harbour_c offers the document type 'berth', which is docks_c's already"):
        loaded()


def test_two_widenings_that_know_nothing_of_each_other_are_refused(install):
    """Which of the two should be in force is nobody's guess."""
    install("docks_d", WIDER, "HarbourInvoicePayload")
    install("harbour_d", WIDER, "HarbourInvoicePayload")
    with pytest.raises(UsageFailure, match=r"harbour_d widens .*'invoice', which docks_d has widened already"):
        loaded()


def made(base: type[Contract] = Contract, **body: Any) -> type[Contract]:
    """Return a contract with this body, whose annotations are its `fields`."""
    fields = body.pop("fields", {})
    variables = {name: ClassVar[Any] for name in body if name in ("document_type", "plural", "widens", "version")}
    variables |= {name: ClassVar[Any] for name in body if name in ("identity_field", "source_time_field")}
    return type("OddPayload", (base,), {"__annotations__": {**variables, **fields}, **body})


BOAT = {"document_type": "boat", "plural": "boats"}
MOORED = Link("USES", to=End("berth", "berth_id"))


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (lambda: 5, "5, which is no class derived from Contract"),
        (lambda: dict, "no class derived from Contract"),
        (lambda: made(plural="boats"), "document_type is not spelled like"),
        (lambda: made(document_type="Boat", plural="boats"), "document_type is not spelled like"),
        (lambda: made(document_type="boat", plural="big_boats"), "plural is not spelled like"),
        (lambda: made(document_type="boat", plural="runs"), "'runs' has another meaning"),
        (lambda: made(document_type="boat", plural="customers"), "the plural 'customers', which is levada's"),
        (lambda: made(**BOAT, identity_field="hull"), "identity_field 'hull' is none of its fields"),
        (lambda: made(**BOAT, source_time_field="at"), "source_time_field 'at' is none of its fields"),
        (lambda: made(**BOAT, projection="boat"), "'boat', whose projection is no Projection"),
        (lambda: made(**BOAT, projection=Projection("Boat")), "has the kind 'Boat', which is not snake_case"),
        (lambda: made(**BOAT, projection=Projection("boat", name="hull")), "projection names 'hull'"),
        (lambda: made(**BOAT, projection=Projection("boat", links=(MOORED,))), "projection names 'berth_id'"),
        (lambda: made(**BOAT, fields={"call": Callable[[], int]}), "'boat', which has no JSON Schema"),
        (lambda: made(CustomerPayload), "'customer', which is levada's already"),
        (lambda: made(**BOAT, widens=True), "widens the document type 'boat', which there is not"),
        (lambda: made(document_type="customer", plural="customers", widens=True), "not derived from CustomerPayload"),
        (lambda: made(CustomerPayload, widens=True, plural="clients"), "another plural"),
        (lambda: made(CustomerPayload, widens=True, version=2), "another version"),
        (lambda: made(CustomerPayload, widens=True, fields={"berth": Name}), "'berth' is not None by default"),
        (lambda: made(CustomerPayload, widens=True, berth="x", fields={"berth": str}), "'berth' is not None"),
        (lambda: made(CustomerPayload, widens=True, fields={"name": Moment}), "another 'name'"),
        (lambda: made(CustomerPayload, widens=True, email="x", fields={"email": str | None}), "another 'email'"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_what_cannot_be_taken_is_refused_with_the_reason(offered, said):
    """The message names who offers it, and the registry is as it was."""
    registry = Registry()
    with pytest.raises(UsageFailure, match=said) as caught:
        registry.extend("harbour", [offered()])
    assert caught.value.message.startswith("harbour ")
    assert caught.value.hint
    assert {contract.document_type: contract for contract in registry} == dict(CONTRACTS)


PROJECTS = """
from levada.contracts import End, Link, Projection

class HarbourInvoicePayload(InvoicePayload):
    widens: ClassVar[bool] = True
    projection = Projection("invoice", links=(Link("{verb}", to=End("berth", "berth_id")),))

    berth_id: str | None = None
"""


def test_a_wider_contract_may_stand_for_something_else(install):
    """Its projection takes the place of the one that it widens."""
    install("harbour_g", PROJECTS.format(verb="USES"), "HarbourInvoicePayload")
    registry = Registry()
    load_extensions(registry, Vocabulary())
    assert registry.get("invoice").projection.links == (Link("USES", to=End("berth", "berth_id")),)
    assert "invoice" in registry.projected
    assert CONTRACTS["invoice"].projection.links != registry.get("invoice").projection.links


def test_a_projection_by_a_word_that_the_graph_does_not_know_stops_the_start(install):
    """The message names the extension, the document type and the word."""
    install("harbour_h", PROJECTS.format(verb="MOORS"), "HarbourInvoicePayload")
    with pytest.raises(UsageFailure, match="harbour_h projects 'invoice' by the verb 'MOORS', which the graph"):
        load_extensions(Registry(), Vocabulary())


def test_a_hook_that_raises_is_named(install):
    """Its error is told, not shown as a traceback."""
    install("harbour_e", "", "1 / 0")
    with pytest.raises(UsageFailure, match="harbour_e offers no contracts: ZeroDivisionError"):
        loaded()


def test_no_type_takes_a_word_of_the_api(app_paths):
    """Every first word of the API's paths that is no plural is reserved."""
    plurals = {contract.plural for contract in Registry()}
    words = {path.split("/")[2] for path in app_paths if path.startswith("/v1/")}
    assert words - plurals <= RESERVED
    assert plurals <= words


@pytest.fixture
def app_paths():
    import inspect

    from levada_runtime.api.app import make_app
    from levada_runtime.api.services import Services

    nothing: dict[str, Any] = dict.fromkeys(inspect.signature(Services).parameters)
    return make_app(Services(**{**nothing, "registry": Registry()})).openapi()["paths"]


def runtime(folder, *words):
    """Run a command where this folder is on the path; there is no store, and none is made."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LEVADA_")}
    env = {**inherited, "NO_COLOR": "1", "PYTHONPATH": str(folder), "LEVADA_DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-m", "levada_runtime", "contracts", *words]
    ran = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert not (folder / "data").exists()
    return ran


def test_the_commands_list_and_show_contracts_with_their_owners(install, tmp_path):
    """A table for people, JSON for machines, a schema for tools; an unknown type names the nearest."""
    install("harbour_f", BERTH + WIDER, "BerthPayload, HarbourInvoicePayload")
    listed = json.loads(runtime(tmp_path, "list", "--json").stdout)["result"]["items"]
    rows = {row["type"]: row for row in listed}
    assert set(rows) == {*CONTRACTS, "berth"}
    assert (rows["berth"]["owner"], rows["berth"]["plural"], rows["berth"]["version"]) == ("harbour_f", "berths", 1)
    assert (rows["invoice"]["owner"], rows["invoice"]["widened_by"]) == ("levada", "harbour_f")
    shown = runtime(tmp_path, "show", "invoice").stdout
    assert "berth_id" in shown
    assert "draft, open, paid, void, uncollectible" in shown
    schema = json.loads(runtime(tmp_path, "show", "berth", "--json-schema").stdout)
    assert (schema["$schema"], schema["$id"]) == (
        "https://json-schema.org/draft/2020-12/schema",
        "urn:levada:contract:berth:1",
    )
    unknown = runtime(tmp_path, "show", "bert", "--json")
    error = json.loads(unknown.stdout)["error"]
    assert (unknown.returncode, error["code"], error["details"]["nearest"]) == (2, "unknown_document_type", "berth")
