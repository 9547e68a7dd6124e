"""The tutorial is followed word by word: its files are written, its commands run, their answers compared."""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journeys.forks import forks

from levada_acme.sample import Faults, SampleSource

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "your-first-connector.md"
MODULE = "src/levada_billing/__init__.py"
BLOCK = re.compile(r'```(?P<kind>\w+)(?: title="(?P<file>[^"]+)")?\n(?P<body>.*?)```', re.DOTALL)
NOT_FOLLOWED = ("doctor", "serve", "documents diff")
METADATA = "Metadata-Version: 2.1\nName: levada-billing\nVersion: 0.1.0\n"


class Reader:
    """Somebody who follows the tutorial in a folder of their own."""

    def __init__(self, folder, source):
        self.folder, self.base_url = folder, source.base_url
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LEVADA_")},
            "PYTHONPATH": os.pathsep.join((str(folder / "src"), str(folder / "site"))),
            "LEVADA_BROKER__ALLOW_PRIVATE": f'["{source.base_url.removeprefix("http://")}"]',
            "BILLING_KEY": source.api_key,
            "COLUMNS": "400",
        }

    def write(self, file, body):
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(edited(path.read_text(), body) if path.exists() else body)

    def install(self):
        """Say to Python what pip would: the distribution and its entry point."""
        project = (self.folder / "pyproject.toml").read_text()
        entry = re.search(r'"levada.connectors"\]\n(\w+) = "([^"]+)"', project)
        info = self.folder / "site" / "levada_billing-0.1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(METADATA)
        (info / "entry_points.txt").write_text(f"[levada.connectors]\n{entry[1]} = {entry[2]}\n")

    def runtime(self, *words):
        """Type a command; its addresses are those of this reader's source."""
        words = [word.replace("http://127.0.0.1:8420", self.base_url) for word in words]
        _, out, err = forks().run(words, self.environment, folder=self.folder)
        return out or err

    def pytest(self):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            check=False,
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=120,
        )
        return done.stdout or done.stderr


def edited(module, body):
    """Return a module with what the body defines in place of what it defined before, or at its end."""
    if body.startswith("from "):
        return re.sub(r"^from levada import .*\n", body, module, flags=re.MULTILINE)
    for node in ast.parse(body).body:
        fresh = "\n".join(body.splitlines()[first_line(node) - 1 : node.end_lineno])
        old = next((one for one in ast.parse(module).body if getattr(one, "name", "") == node.name), None)
        lines = module.splitlines()
        if old is None:
            lines += ["", "", fresh]
        else:
            lines[first_line(old) - 1 : old.end_lineno] = [fresh]
        module = "\n".join(lines) + "\n"
    return module


def first_line(node):
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])


def steps():
    """Yield the tutorial's files and commands in order: (file, body) or (words, what is printed)."""
    for block in BLOCK.finditer(PAGE.read_text()):
        if block["file"]:
            yield block["file"], block["body"]
        elif block["kind"] == "console":
            for part in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
                line, _, printed = part.partition("\n")
                yield shlex.split(line.partition(" | ")[0]), printed


def gist(printed):
    """Return what of an answer is the same for every reader: its counts and states, without ids, moments and spaces."""
    counted = re.findall(r"^(?:succeeded|partial|would be): [^(\n]*", printed, re.MULTILINE)
    rows = [
        re.sub(r"\s+", " ", row[0]) for row in re.findall(r"^((acme|billing) .*?(ready|broken))", printed, re.MULTILINE)
    ]
    reasons = re.findall(r"invoice:\d+ +\w+", printed)
    checked = re.findall(r"^(?:\S+:\d+:\d+: error: .*|(?:module|stream|hosts) .*|\w+ is fine)$", printed, re.MULTILINE)
    return [text.strip() for text in (*counted, *rows, *reasons, *checked)]


@pytest.mark.journey
@pytest.mark.timeout(300)
def test_the_tutorial_works_as_it_is_written(tmp_path):
    """Every file and every command does what the page says it does."""
    followed = []
    with SampleSource(faults=Faults(rate_limited_every=0)) as source:  # whose pauses only take time
        reader = Reader(tmp_path, source)
        for step, told in steps():
            if isinstance(step, str):
                before = (tmp_path / MODULE).read_text() if (tmp_path / MODULE).exists() else None
                reader.write(step, told)
            elif step[:2] == ["pip", "install"] and "--editable" in step:
                reader.install()
            elif step[0] == "runtime" and not " ".join(step[1:]).startswith(NOT_FOLLOWED):
                answered = reader.runtime(*step[1:])
                assert gist(answered) == gist(told), f"{' '.join(step)} answered:\n{answered}"
                followed.append(step[1])
                if "broken" in told:
                    (tmp_path / MODULE).write_text(before)
            elif step[:3] == ["python", "-m", "pytest"]:
                answered = reader.pytest()
                assert re.search(r"\d+ passed", answered)[0] == re.search(r"\d+ passed", told)[0]
                assert "failed" not in answered
                followed.append("pytest")
    assert followed.count("run") == 6
    assert followed.count("check") == 2
    assert "pytest" in followed
