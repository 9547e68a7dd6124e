"""What an author installs."""

import re
import subprocess
import sys
from importlib.metadata import entry_points, requires


def test_the_sdk_needs_pydantic_and_pluggy_alone():
    """Everything else is an extra."""
    needed = [line for line in requires("levada-sdk") or [] if "extra ==" not in line]
    assert sorted(re.match(r"[\w-]+", line)[0] for line in needed) == ["pluggy", "pydantic"]


def test_the_plugin_is_found_by_pytest():
    """Installing the SDK is enough to have the fixture."""
    assert {point.value for point in entry_points(group="pytest11", name="levada")} == {"levada.testing.plugin"}


def test_importing_the_sdk_loads_neither_tests_nor_runtime():
    """The child of the sandbox imports it, and every module there is one more to guard."""
    unwanted = ("levada.testing", "levada_runtime", "pytest", "hypothesis")
    code = f"import levada, sys; print([name for name in sys.modules if name.startswith({unwanted})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
