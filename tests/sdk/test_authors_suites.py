"""An author's own suite, run by pytest as an author runs it: with the SDK alone, and with somebody who has a wall."""

import os
import subprocess
import sys
import textwrap

import pytest

CONNECTOR = """
from levada import Connector

connector = Connector("plain", hosts=["api.test"])


@connector.poll("rows", every="@hourly")
def rows(http):
    '''Look.'''
    http.get("/rows")
"""
SUITE = """
import plain_connector
from levada.testing import ConnectorConformance


class TestPlain(ConnectorConformance):
    connector = plain_connector.connector
    http = {"/rows": []}
    exempt = {"test_keys_are_stable": "It makes no keys at all."}


def test_the_fixture_is_there(connector_run):
    assert connector_run(plain_connector.connector, http={"/rows": []}).poll("rows").requests
"""
WALL = """
class Wall:
    modes = frozenset({"poll"})

    def refusals(self, package):
        return [f"{package}.py:1:1: %s"] if %r else []

    def obstacle(self):
        return %r


def pytest_levada_wall(config):
    return Wall()
"""


def run_pytest(folder, *words, **environment):
    """Run pytest as an author does, with no other plugin than the SDK's."""
    (folder / "plain_connector.py").write_text(CONNECTOR)
    (folder / "test_plain.py").write_text(textwrap.dedent(SUITE))
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", *words, str(folder)]
    without = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "levada.testing.plugin", "CI": ""}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **without, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def test_an_authors_suite_runs_with_the_sdk_alone(tmp_path):
    """The rules are collected, the exemption and the missing wall are shown as skips with their reasons."""
    said = run_pytest(tmp_path)
    assert "10 passed, 11 skipped" in said
    assert "exempt: It makes no keys at all." in said
    for purpose in ("to check the source", "to run routes in its sandbox"):
        assert f"nobody answers pytest_levada_wall: install levada-runtime {purpose}" in said


def test_the_sandbox_is_asked_for_in_vain_with_the_sdk_alone(tmp_path):
    """The option is an error, which says what to install."""
    said = run_pytest(tmp_path, "--levada-sandbox")
    assert "ERROR: --levada-sandbox runs routes in the runtime's sandbox: install levada-runtime" in said


@pytest.mark.parametrize(("refused", "expected"), [("", "11 passed, 10 skipped"), ("no imports of os", "1 failed")])
def test_a_wall_is_asked_about_the_connectors_package(tmp_path, refused, expected):
    """Whoever answers the hook decides; what it refuses is what the test shows."""
    (tmp_path / "conftest.py").write_text(WALL % (refused, refused, "no kernel"))
    said = run_pytest(tmp_path)
    assert expected in said
    assert ("plain_connector.py:1:1: no imports of os" in said) == bool(refused)


@pytest.mark.parametrize(("ci", "expected"), [("", "5 passed, 16 skipped"), ("true", "7 failed, 5 passed")])
def test_a_machine_without_a_wall_skips_and_fails_under_ci(tmp_path, ci, expected):
    """Each route that was to run there says why it did not; where nobody reads skips, that is a failure."""
    (tmp_path / "conftest.py").write_text(WALL % ("", "", "the kernel is of another century"))
    said = run_pytest(tmp_path, "--levada-sandbox", CI=ci)
    assert "the wall cannot be had here: the kernel is of another century" in said
    assert expected in said
