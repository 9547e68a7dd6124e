"""Secrets that pipelines name: sealed, bound to their organisation, and shown by name alone."""

from datetime import UTC, datetime

import pytest

from levada_runtime.access.org_secrets import OrgSecrets
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.errors import EnvironmentFailure, NotFoundFailure, UsageFailure
from levada_runtime.foundation.logging import MASK, mask
from levada_runtime.store.model import OrgRow
from levada_runtime.store.org_secrets import OrgSecretRow

MINE = OrgRow(1, "mine", datetime(2026, 1, 1, tzinfo=UTC))
THEIRS = OrgRow(2, "theirs", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def secrets(store, clock):
    return OrgSecrets(store, clock, Keyring(["the tests' own"]))


def test_a_secret_comes_back_only_to_its_organisation(secrets):
    """The same name is another secret elsewhere, and what is not there is left out."""
    secrets.set(MINE, "crm", "one of ours")
    secrets.set(THEIRS, "crm", "one of theirs")
    assert secrets.open(MINE.id, ["crm", "other"]) == {"crm": "one of ours"}
    assert secrets.missing(THEIRS.id, ["other", "crm"]) == ["other"]
    assert secrets.of(MINE) == [{"name": "crm", "updated_at": "2026-03-01T12:00:00+00:00"}]


def test_setting_a_secret_again_replaces_it(secrets):
    """There is one of each name."""
    secrets.set(MINE, "crm", "the old one")
    secrets.set(MINE, "crm", "the new one")
    assert secrets.open(MINE.id, ["crm"]) == {"crm": "the new one"}
    assert len(secrets.of(MINE)) == 1


def test_what_is_kept_is_sealed_and_opens_nowhere_else(secrets, store, clock):
    """Neither in the open, nor under another name or organisation."""
    secrets.set(MINE, "crm", "very-much-a-secret")
    with store.write() as uow:
        (row,) = uow.org_secrets.of(MINE.id)
        uow.org_secrets.keep(OrgSecretRow(THEIRS.id, "crm", row.sealed, clock.now()))
    assert b"very-much" not in row.sealed
    with pytest.raises(EnvironmentFailure, match="altered or moved"):
        secrets.open(THEIRS.id, ["crm"])


def test_a_secret_that_was_opened_is_masked_from_then_on(secrets):
    """Each of several live ones, too."""
    secrets.set(MINE, "crm", "first-live-one\nsecond-live-one")
    secrets.open(MINE.id, ["crm"])
    assert mask("they said second-live-one") == f"they said {MASK}"


def test_removing_a_secret_that_is_not_there_is_refused(secrets):
    """And so is removing somebody else's."""
    secrets.set(MINE, "crm", "one of ours")
    with pytest.raises(NotFoundFailure):
        secrets.remove(THEIRS, "crm")
    secrets.remove(MINE, "crm")
    assert secrets.of(MINE) == []


@pytest.mark.parametrize(("name", "value"), [("", "value"), ("a b", "value"), ("x" * 64, "value"), ("crm", "")])
def test_what_cannot_be_a_secret_is_refused(secrets, name, value):
    """A pipeline could not name it, or would sign with nothing."""
    with pytest.raises(UsageFailure):
        secrets.set(MINE, name, value)
