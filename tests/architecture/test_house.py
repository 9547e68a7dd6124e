"""The house's own rules, where no linter holds them."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("sdk", "runtime", "connectors") for path in (ROOT / folder).rglob("src/**/*.py"))


def relative(path):
    return str(path.relative_to(ROOT))


def test_no_file_is_over_four_hundred_lines():
    """A file that grows so large both decides and does."""
    long = {relative(path): count for path in SOURCES if (count := len(path.read_text().splitlines())) > 400}
    assert long == {}


def test_no_function_is_over_fifty_lines():
    """A function that long is several."""
    found = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 50 and "migrations" not in path.parts:
                    found[f"{relative(path)}:{node.name}"] = lines
    assert found == {}


def test_every_module_says_what_it_is():
    """Each module begins with its floor's law, or its own."""
    assert [relative(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_every_suppression_of_a_linter_carries_its_reason():
    """A bare `noqa` or `type: ignore` tells the next reader nothing."""
    bare = []
    pattern = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<codes>:?\s*(\[[^\]]*\]|[A-Z0-9, ]*))?(?P<rest>.*)$")
    for path in SOURCES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            matched = pattern.search(line)
            if matched and len(matched["rest"].strip(" -#.")) < 8:
                bare.append(f"{relative(path)}:{number}")
    assert bare == []


def test_the_words_to_avoid_are_avoided():
    """No module is a manager, a helper or a drawer for whatever is left over."""
    words = {"manager", "helper", "helpers", "utils", "common", "base"}
    assert [relative(path) for path in SOURCES if path.stem.strip("_") in words - {"base"}] == []


def test_the_sdk_depends_on_pydantic_and_pluggy_only():
    """A connector's environment stays small."""
    declared = tomllib.loads((ROOT / "sdk" / "pyproject.toml").read_text())["project"]["dependencies"]
    assert sorted(re.split(r"[<>=]", one)[0] for one in declared) == ["pluggy", "pydantic"]


def test_the_sdk_imports_nothing_it_does_not_depend_on():
    """Importing the SDK loads pydantic and pluggy, and nothing of the runtime or of a test tool."""
    code = "import sys, levada, levada.contracts, levada.hookspecs; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & {"levada_runtime", "pytest", "hypothesis", "sqlalchemy", "aiohttp", "croniter", "msgspec"} == set()


def test_no_floor_below_the_store_knows_sql():
    """Only the store imports SQLAlchemy; the composition root and the command line may name its errors."""
    allowed = {"store", "daemon"}
    floor = re.compile(r"levada_runtime/(\w+)")
    found = []
    for path in SOURCES:
        matched = floor.search(str(path))
        if (
            matched
            and matched[1] not in allowed
            and re.search(r"^(import|from) sqlalchemy", path.read_text(), re.MULTILINE)
        ):
            found.append(relative(path))
    assert found == []


def test_the_lock_names_no_host_and_hashes_everything():
    """Whoever installs decides where from."""
    text = (ROOT / "requirements" / "lock.txt").read_text()
    assert not re.search(r"https?://|--index-url|--find-links|file:", text)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "NotImplementedError"])
def test_nothing_is_left_for_later(word):
    """What is not done is not there."""
    assert [relative(path) for path in SOURCES if re.search(rf"(#|raise).*\b{word}\b", path.read_text())] == []
