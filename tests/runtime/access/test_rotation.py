"""Rotating the key of secrets at rest: everything is sealed anew, and whoever is killed half-way loses nothing."""

import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from levada_runtime.access.audit import AuditLog
from levada_runtime.access.oauth import place_of
from levada_runtime.access.org_secrets import OrgSecrets
from levada_runtime.access.orgs import Orgs
from levada_runtime.access.places import connection_place, org_place
from levada_runtime.access.rotation import Rotation
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.crypto import KEY_FILE, KeyFile, Keyring, load_keyring
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.store.org_secrets import OrgSecretRow
from levada_runtime.store.tokens_model import TokenRow

CONNECTION = 7


@pytest.fixture
def org(store, clock):
    return Orgs(store, clock).ensure_default()


class Held:
    """One secret of each kind, and what opens them."""

    def __init__(self, store, clock, org):
        self.store, self.clock, self.org = store, clock, org

    def seal(self, keyring):
        OrgSecrets(self.store, self.clock, keyring).set(self.org, "hook", "org-7f3ac1d2")
        token = TokenRow(self.org.id, CONNECTION, b"c", b"", None, 1, None, None, self.clock.now())
        with self.store.write() as uow:
            place = connection_place(self.org.id, CONNECTION, "api_key")
            sealed = keyring.seal("connection-91bc22e0", place)
            uow.secrets.keep(self.org.id, CONNECTION, "api_key", sealed, self.clock.now())
            values = {**{name: getattr(token, name) for name in TokenRow.__slots__}}
            uow.tokens.keep(TokenRow(**{**values, "sealed": keyring.seal("token-55de0a97", place_of(token))}))

    def opened(self, keyring):
        with self.store.read() as uow:
            sealed = uow.secrets.of(self.org.id, CONNECTION)["api_key"]
            (token,) = uow.tokens.everywhere()
        return [
            OrgSecrets(self.store, self.clock, keyring).open(self.org.id, ["hook"])["hook"],
            keyring.open(sealed, connection_place(self.org.id, CONNECTION, "api_key")),
            keyring.open(token.sealed, place_of(token)),
        ]


ALL = ["org-7f3ac1d2", "connection-91bc22e0", "token-55de0a97"]


@pytest.fixture
def held(store, clock, org):
    return Held(store, clock, org)


def test_after_a_rotation_the_old_key_is_needed_no_more(store, clock, org, held):
    """Secrets of connections and of the organisation, and tokens: the second time there is nothing to do."""
    held.seal(Keyring(["old"]))
    rotation = Rotation(store, clock, Keyring(["new", "old"]))
    done = rotation.rotate(org)
    assert (done.sealed_anew, done.values, done.keys) == (3, 3, None)
    assert held.opened(Keyring(["new"])) == ALL
    with pytest.raises(EnvironmentFailure):
        held.opened(Keyring(["old"]))
    assert rotation.rotate(org).sealed_anew == 0
    items, _ = AuditLog(store).page(org, action="secret.rotate", limit=9)
    assert [one["details"] for one in items] == [{"values": 3, "sealed_anew": 0}, {"values": 3, "sealed_anew": 3}]


def test_the_key_file_rotates_under_whoever_has_read_it(store, clock, org, held, tmp_path):
    """Who read it before goes on: opens what is sealed anew, and seals with the new key from then on."""
    daemon = load_keyring(None, tmp_path)
    held.seal(daemon)
    (first,) = (tmp_path / KEY_FILE).read_text().split()
    assert Rotation(store, clock, load_keyring(None, tmp_path)).rotate(org).keys == 2
    second, kept = (tmp_path / KEY_FILE).read_text().split()
    assert kept == first
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert held.opened(daemon) == ALL
    assert held.opened(Keyring([second])) == ALL
    held.seal(daemon)
    assert held.opened(Keyring([second])) == ALL
    assert Rotation(store, clock, load_keyring(None, tmp_path)).rotate(org).keys == 2
    third, kept = (tmp_path / KEY_FILE).read_text().split()
    assert kept == second
    assert held.opened(Keyring([third])) == held.opened(daemon) == ALL


def test_two_do_not_rotate_the_key_file_at_once(store, clock, org, held, tmp_path):
    """The one would take away the key that the other seals with."""
    ring = load_keyring(None, tmp_path)
    held.seal(ring)
    with KeyFile(tmp_path / KEY_FILE).alone(), pytest.raises(EnvironmentFailure, match="somebody else"):
        Rotation(store, clock, ring).rotate(org)
    assert len((tmp_path / KEY_FILE).read_text().split()) == 1
    assert Rotation(store, clock, ring).rotate(org).sealed_anew == 3


def test_a_secret_of_an_unknown_key_is_named_and_stops_no_other(store, clock, org, held):
    """The others are sealed anew all the same."""
    held.seal(Keyring(["old"]))
    OrgSecrets(store, clock, Keyring(["lost"])).set(org, "stray", "stray-18ab44c3")
    with pytest.raises(EnvironmentFailure, match="org/stray"):
        Rotation(store, clock, Keyring(["new", "old"])).rotate(org)
    assert held.opened(Keyring(["new"])) == ALL


def test_what_is_set_meanwhile_stays(store, clock, org, held):
    """Only what is still as it was read is replaced, and a token that is being fetched is left alone."""
    held.seal(Keyring(["old"]))
    with store.read() as uow:
        (row,) = uow.org_secrets.everywhere()
        ((*place, before),) = uow.secrets.everywhere()
        (token,) = uow.tokens.everywhere()
    held.seal(Keyring(["old"]))
    now = clock.now()
    with store.write() as uow:
        assert not uow.org_secrets.seal_anew(row, b"stale")
        assert not uow.secrets.seal_anew(tuple(place), before, b"stale")
        assert not uow.tokens.seal_anew(token, b"stale", now)
        (token,) = uow.tokens.everywhere()
        uow.tokens.change(token, refreshing_by="x", refreshing_until=now + timedelta(seconds=9))
        assert not uow.tokens.seal_anew(token, b"too soon", now)
        assert uow.tokens.seal_anew(token, b"given up", now + timedelta(seconds=10))


@pytest.mark.databases("sqlite")
def test_a_rotation_that_is_killed_leaves_every_secret_readable(tmp_path):
    """`kill -9` while some are sealed anew and others are not; the next rotation finishes what was begun."""
    settings = Settings(data_dir=tmp_path)
    with Installation(settings) as installation:
        sealed = {
            f"s{number}": installation.keyring.seal(
                f"value-{number}-kept", org_place(installation.org.id, f"s{number}")
            )
            for number in range(1_000)
        }
        with installation.store.write() as uow:
            for name, value in sealed.items():
                uow.org_secrets.keep(OrgSecretRow(installation.org.id, name, value, installation.clock.now()))
    words = [sys.executable, "-m", "levada_runtime", "secrets", "rotate", "--data-dir", str(tmp_path)]
    landed = 0
    for _ in range(2):
        rotating = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while rotating.poll() is None and len(keys_in(tmp_path)) < 2:
            time.sleep(0.002)
        rotating.send_signal(signal.SIGKILL)
        landed += rotating.wait() == -signal.SIGKILL and len(keys_in(tmp_path)) > 1
        with Installation(settings) as installation:
            opened = installation.org_secrets.open(installation.org.id, sealed)
        assert opened == {f"s{number}": f"value-{number}-kept" for number in range(1_000)}
        subprocess.run(words, check=True, capture_output=True)
        assert len(keys_in(tmp_path)) == 1
        assert len((tmp_path / KEY_FILE).read_text().split()) == 2
    assert landed
    assert not list(tmp_path.glob(f"{KEY_FILE}.*"))


def keys_in(folder):
    """Return the ids of the keys that the organisation's secrets are sealed with."""
    store = sqlite3.connect(folder / "levada.db", timeout=30)
    try:
        return {row[0] for row in store.execute("SELECT DISTINCT substr(sealed, 1, 4) FROM org_secrets")}
    finally:
        store.close()
