"""What a connector declares is approved once, whatever is more than that again; a version that broke out is not run."""

import sys

import pytest
from tests.naughty import Naughty

from levada import Manifest
from levada_runtime.catalog.plugins import load_extensions
from levada_runtime.catalog.service import Catalog
from levada_runtime.catalog.trust import declaration_of, difference, violation
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.sandbox.host import Sandbox

pytestmark = pytest.mark.databases("sqlite")
DESCRIBED_BADLY = 'naughty_deeds.do("trace")'
DECLARED = {"hosts": ["a.test"], "auth": ["bearer secret=key"], "exposed_secrets": ["seen"], "libraries": ["tidy"]}


@pytest.mark.parametrize(
    ("change", "widens"),
    [
        ({"hosts": ["a.test", "b.test"]}, True),
        ({"hosts": ["b.test"]}, True),
        ({"hosts": []}, False),
        ({"auth": ["basic username=key"]}, True),
        ({"auth": []}, True),
        ({"exposed_secrets": ["seen", "key"]}, True),
        ({"exposed_secrets": []}, False),
        ({"libraries": ["tidy", "untidy"]}, True),
        ({"libraries": []}, False),
        ({"hosts": [], "exposed_secrets": [], "libraries": []}, False),
        ({"hosts": [], "libraries": ["untidy"]}, True),
    ],
)
def test_whatever_is_added_needs_an_approval_and_less_of_anything_does_not(change, widens):
    """But for authentication, where there is no less: any other way of it is another way."""
    found = difference(DECLARED, DECLARED | change)
    assert found.widens is widens
    assert found.lines()


def test_the_same_declaration_is_no_difference():
    """In whatever order."""
    assert difference(DECLARED, dict(reversed(DECLARED.items()))) is None


def test_a_declaration_says_what_decides_where_secrets_go():
    """Hosts by name or by setting with its default, the scheme with what it names, and nothing that hides in print."""
    manifest = Manifest.model_validate(
        {
            "key": "k",
            "title": "K",
            "hosts": [{"setting": "base"}, {"pattern": "evil.test\n  + hosts: good.test\u202e"}],
            "auth": {
                "kind": "oauth2_client_credentials",
                "token_url": "https://t.test/token",
                "client_id": "id",
                "client_secret": "s",
                "scopes": ["a", "b"],
            },
            "settings": [
                {"kind": "url", "name": "base", "default": "https://a.test"},
                {"kind": "secret", "name": "s", "expose": True},
            ],
            "libraries": ["tidy"],
        }
    )
    assert declaration_of(manifest) == {
        "hosts": [
            "evil.test\\n  + hosts: good.test\\u202e",
            "the host in the setting base (https://a.test by default)",
        ],
        "auth": ["oauth2_client_credentials client_id=id client_secret=s scopes=a,b token_url=https://t.test/token"],
        "exposed_secrets": ["s"],
        "libraries": ["tidy"],
    }


@pytest.mark.parametrize("reason", [None, "policy", "crash", "timeout", "connector_error", "memory"])
def test_only_violations_end_in_quarantine(clock, reason):
    """A connector may fail in every other way."""
    known = {"key": "k", "source_hash": "h", "version": "1", "message": None, "during": "poll", "run_id": "r"}
    assert violation(**known, reason=reason, at=clock.now()) is None
    assert violation(**known, reason="sandbox_violation", at=clock.now()).message == "sandbox_violation"


@pytest.fixture
def naughty(tmp_path, monkeypatch):
    naughty = Naughty(tmp_path / "packages")
    monkeypatch.setattr(sys, "path", [str(naughty.folder), *sys.path])
    return naughty


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(allow_weak=True) as sandbox:
        yield sandbox


@pytest.fixture
def new_catalog(store, clock, sandbox):
    """Returns what makes the catalog of another process on the same store."""
    return lambda: Catalog(store, clock, load_extensions(Registry()), lambda: sandbox)


def naughty_of(catalog):
    return {one.key: one for one in catalog.refresh()}["naughty"]


@pytest.mark.databases("sqlite", "postgresql")
def test_the_first_version_is_approved_as_it_is_and_a_wider_one_waits(naughty, new_catalog):
    """The refusal says what was added and removed, and the way out; after it everything runs, in every process."""
    naughty.install("1.0", hosts=("a.test", "b.test"))
    first, second = new_catalog(), new_catalog()
    assert naughty_of(first).state == "ready"
    assert naughty_of(second).state == "ready"
    naughty.install("2.0", hosts=("a.test", "c.test"), expose=True, libraries=("naughty_deeds", "other_deeds"))
    waiting = naughty_of(first)
    assert waiting.state == "needs_approval"
    assert waiting.standing.difference.as_dict() == {
        "added": {"hosts": ["c.test"], "exposed_secrets": ["seen"], "libraries": ["other_deeds"]},
        "removed": {"hosts": ["b.test"]},
    }
    for catalog in (first, second):
        with pytest.raises(UsageFailure, match=r"hosts: c\.test") as refused:
            catalog.ready("naughty")
        assert refused.value.code == "connector_needs_approval"
        assert "runtime connectors approve naughty" in refused.value.hint
        assert catalog.described("naughty")[0].version == "2.0"
    assert first.approve(waiting).state == "ready"
    assert second.ready("naughty")[0].version == "2.0"


def test_a_version_that_declares_less_runs_without_an_approval_and_so_does_the_way_back(naughty, new_catalog):
    """What was approved once stays approved."""
    catalog = new_catalog()
    naughty.install("1.0", hosts=("a.test", "b.test"), expose=True)
    naughty_of(catalog)
    naughty.install("2.0", hosts=("a.test",))
    narrower = naughty_of(catalog)
    assert (narrower.state, narrower.standing.difference.widens) == ("ready", False)
    assert narrower.standing.difference.removed == {"hosts": ["b.test"], "exposed_secrets": ["seen"]}
    naughty.install("3.0", hosts=("a.test", "b.test"), expose=True)
    assert naughty_of(catalog).standing.difference is None
    assert catalog.ready("naughty")[0].version == "3.0"


def test_what_was_approved_outlives_the_connector(naughty, new_catalog):
    """One that is installed again with another host is no stranger."""
    catalog = new_catalog()
    naughty.install("1.0")
    naughty_of(catalog)
    entry_points = next(naughty.folder.glob("*.dist-info")) / "entry_points.txt"
    entry_points.unlink()
    assert "naughty" not in {one.key for one in catalog.refresh()}
    naughty.install("1.1", hosts=("elsewhere.test",))
    assert naughty_of(catalog).state == "needs_approval"


def test_a_new_connector_is_taken_up_by_every_process_once_one_has_looked(naughty, new_catalog):
    """Nobody has to be started again."""
    first, second = new_catalog(), new_catalog()
    second.refresh()
    naughty.install()
    naughty_of(first)
    assert second.ready("naughty")[0].version == "1.0"
    naughty.install("1.1")
    naughty_of(first)
    assert {one.key: one.version for one in second.all()}["naughty"] == "1.1"


def test_a_connector_that_breaks_out_when_it_is_described_is_not_described_again(naughty, new_catalog, store, clock):
    """It is in quarantine by its source; an approval lets it be described once more."""
    naughty.install(head=DESCRIBED_BADLY)
    catalog = new_catalog()
    found = naughty_of(catalog)
    assert (found.state, found.manifest, found.standing.quarantine.during) == ("quarantined", None, "describe")
    with store.read() as uow:
        (before,) = uow.trust.quarantines().values()
    assert naughty_of(new_catalog()).state == "quarantined"
    with pytest.raises(UsageFailure, match="its description ended as sandbox_violation"):
        catalog.ready("naughty")
    clock.pass_time(minutes=1)
    assert naughty_of(catalog).standing.quarantine == before
    assert catalog.approve(naughty_of(catalog)).state == "quarantined"
    with store.read() as uow:
        (after,) = uow.trust.quarantines().values()
    assert after.quarantined_at == clock.now() > before.quarantined_at
    naughty.install("1.1")
    assert naughty_of(catalog).state == "ready"


def test_a_broken_connector_cannot_be_approved(naughty, new_catalog):
    """There is nothing to look at."""
    naughty.install(head="raise ValueError('no')")
    catalog = new_catalog()
    with pytest.raises(UsageFailure, match="broken"):
        catalog.approve(naughty_of(catalog))


def test_a_connector_that_is_uninstalled_is_gone_for_every_process_once_one_has_looked(naughty, new_catalog):
    """And it is back for all of them when it is installed again."""
    first, second = new_catalog(), new_catalog()
    naughty.install()
    naughty_of(first)
    assert second.ready("naughty")[0].version == "1.0"
    entry_points = next(naughty.folder.glob("*.dist-info")) / "entry_points.txt"
    entry_points.unlink()
    first.refresh()
    assert (first.state_of("naughty"), second.state_of("naughty")) == ("uninstalled", "uninstalled")
    with pytest.raises(NotFoundFailure):
        second.ready("naughty")
    assert "naughty" not in {one.key for one in second.all()}
    naughty.install("1.1")
    assert naughty_of(first).state == "ready"
    assert second.ready("naughty")[0].version == "1.1"
    assert second.state_of("naughty") == "ready"
