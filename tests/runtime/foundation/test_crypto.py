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


def test_a_key_in_the_file_is_a_line_whatever_is_in_it(tmp_path):
    """Whoever wrote a sentence there has one key, and not as many as it has words."""
    (tmp_path / KEY_FILE).write_text("  a sentence of one's own\n\n")
    sealed = Keyring(["a sentence of one's own"]).seal("x", "p")
    assert load_keyring(None, tmp_path).open(sealed, "p") == "x"


def test_a_key_file_that_is_gone_or_empty_is_told(tmp_path):
    """What was read goes on to serve; an empty file is no key."""
    ring = load_keyring(None, tmp_path)
    sealed = ring.seal("x", "p")
    (tmp_path / KEY_FILE).unlink()
    assert ring.open(ring.seal("y", "p"), "p") == "y"
    assert ring.open(sealed, "p") == "x"
    (tmp_path / KEY_FILE).write_text("\n")
    with pytest.raises(EnvironmentFailure, match="holds no key"):
        load_keyring(None, tmp_path)
