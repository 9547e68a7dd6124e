"""Flags come before the environment, and that before the file."""

import pytest

from levada_runtime.foundation.config import find_config_file, load_settings
from levada_runtime.foundation.errors import UsageFailure


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("LEVADA_PORT", "LEVADA_DATA_DIR", "LEVADA_BROKER__ALLOW_PRIVATE"):
        monkeypatch.delenv(name, raising=False)


def test_a_flag_comes_before_the_environment_and_that_before_the_file(tmp_path, monkeypatch):
    """Each source overrides the one after it."""
    (tmp_path / "levada.toml").write_text("port = 1\n")
    assert load_settings().port == 1
    monkeypatch.setenv("LEVADA_PORT", "2")
    assert load_settings().port == 2
    assert load_settings({"port": 3}).port == 3
    assert load_settings({"port": None}).port == 2


def test_the_file_is_found_upward(tmp_path):
    """A command in a folder below finds the file above it."""
    (tmp_path / "levada.toml").write_text("port = 1\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_config_file(below) == tmp_path / "levada.toml"


def test_nested_keys_are_read_from_the_environment(monkeypatch):
    """Two underscores go one level down."""
    monkeypatch.setenv("LEVADA_BROKER__ALLOW_PRIVATE", '["127.0.0.1:8420"]')
    assert load_settings().broker.allow_private == ["127.0.0.1:8420"]


@pytest.mark.parametrize("text", ["prot = 1\n", "port = 'x'\n", "port = 99999\n"])
def test_a_key_that_cannot_be_meant_is_named(tmp_path, text):
    """A misspelt key or a wrong value is a usage error that names it."""
    (tmp_path / "levada.toml").write_text(text)
    with pytest.raises(UsageFailure, match=r"port|prot"):
        load_settings()
