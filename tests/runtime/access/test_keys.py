"""Bearer keys: shown once, kept as a hash, of one organisation, revocable."""

import time
from datetime import timedelta

import pytest

from levada_runtime.access.keys import Keys
from levada_runtime.access.orgs import Orgs
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure


@pytest.fixture
def orgs(store, clock):
    return Orgs(store, clock)


@pytest.fixture
def keys(store, clock):
    return Keys(store, clock)


def test_a_key_is_verified_and_kept_only_as_a_hash(store, orgs, keys):
    """The key itself is nowhere in the store."""
    org = orgs.ensure_default()
    row, token = keys.issue(org, "reader", ["documents:read"])
    principal = keys.verify(token)
    assert principal.org_id == org.id
    assert principal.may("documents:read")
    assert not principal.may("operate")
    with store.engine.connect() as connection:
        kept = repr(connection.exec_driver_sql("SELECT * FROM api_keys").fetchall())
    assert row.id in kept
    assert token.split("_", 3)[3] not in kept
    assert row.hash not in token.encode()


def test_a_revoked_or_altered_key_is_nobodys(orgs, keys):
    """One changed letter, or a revocation, and it opens nothing."""
    org = orgs.ensure_default()
    row, token = keys.issue(org, "reader", ["documents:read"])
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert keys.verify(altered) is None
    assert keys.verify("nonsense") is None
    assert keys.verify("lvd_zz_1_2") is None
    keys.revoke(org, row.id)
    assert keys.verify(token) is None


def test_the_use_of_a_key_is_noted_now_and_then(store, clock, orgs, keys):
    """Once a minute at most, so that reading writes next to nothing."""
    org = orgs.ensure_default()
    _, token = keys.issue(org, "reader", ["documents:read"])
    noted = []
    for seconds in (0, 50, 20):
        clock.pass_time(seconds=seconds)
        keys.verify(token)
        noted += [row.last_used_at for row in keys.of(org)]
    assert noted[0] == noted[1] == clock.now() - timedelta(seconds=70)
    assert noted[2] == clock.now()


def test_who_calls_with_a_key_waits_for_no_writer(store, orgs, keys):
    """The use is noted by a later call; a snapshot's commit may take a minute."""
    org = orgs.ensure_default()
    _, token = keys.issue(org, "reader", ["documents:read"])
    with store.write() as other:
        other.lock("graph", org.id)
        began = time.monotonic()
        assert keys.verify(token) is not None
        assert time.monotonic() - began < 2
    assert keys.verify(token) is not None
    assert keys.of(org)[0].last_used_at is not None


def test_another_organisation_neither_sees_nor_revokes_a_key(orgs, keys):
    """A key belongs to one organisation."""
    ours, theirs = orgs.ensure_default(), orgs.create("theirs")
    row, _ = keys.issue(ours, "reader", ["admin"])
    assert keys.of(theirs) == []
    with pytest.raises(NotFoundFailure):
        keys.revoke(theirs, row.id)


def test_a_scope_that_does_not_exist_is_refused_by_name(orgs, keys):
    """A misspelt scope is a usage error."""
    with pytest.raises(UsageFailure, match="documents:raed"):
        keys.issue(orgs.ensure_default(), "reader", ["documents:raed"])


@pytest.mark.parametrize("name", ["", "-x", "Über", "a b", "x" * 64])
def test_a_name_that_cannot_be_an_organisations_is_refused(orgs, name):
    """Names stay fit for URLs and flags."""
    with pytest.raises(UsageFailure, match="cannot name"):
        orgs.create(name)


def test_a_name_is_given_once(orgs):
    """Two organisations of one name would be one too many."""
    orgs.create("acme")
    with pytest.raises(UsageFailure, match="already"):
        orgs.create("acme")
