"""Secrets at rest: sealed to their place, opened by any live key."""

import stat

import pytest

from levada_runtime.foundation.crypto import KEY_FILE, Keyring, load_keyring
from levada_runtime.foundation.errors import EnvironmentFailure


def test_a_secret_opens_only_in_its_own_place():
    """A ciphertext that was copied to another row does not open there."""
    ring = Keyring(["one"])
    sealed = ring.seal("hunter2", "1/2/api_key")
    assert b"hunter2" not in sealed
    assert ring.open(sealed, "1/2/api_key") == "hunter2"
    with pytest.raises(EnvironmentFailure, match="1/3/api_key"):
        ring.open(sealed, "1/3/api_key")


def test_after_rotation_old_secrets_open_and_new_ones_use_the_new_key():
    """The first key seals, any opens, a missing one is named as missing."""
    old, both, new = Keyring(["old"]), Keyring(["new", "old"]), Keyring(["new"])
    assert both.open(old.seal("x1", "p"), "p") == "x1"
    assert new.open(both.seal("x2", "p"), "p") == "x2"
    with pytest.raises(EnvironmentFailure, match="no key opens"):
        new.open(old.seal("x3", "p"), "p")


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path):
    """The first start makes the key, later ones find it."""
    sealed = load_keyring(None, tmp_path).seal("x", "p")
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert load_keyring(None, tmp_path).open(sealed, "p") == "x"
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
