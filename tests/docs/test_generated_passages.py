"""What the documentation says of the code is what the code says."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from levada_runtime.cli import command_line

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
READMES = [ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("connectors/*/README.md")]
PAGES = sorted([*DOCS.rglob("*.md"), *READMES])
OUR_COMMAND = re.compile(r"\$ (\S*/)?(runtime|levada) ")


def load_generator():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_generator()


@pytest.mark.parametrize("path", sorted(generate.REFERENCE.glob("*.md")), ids=lambda path: path.name)
def test_a_reference_page_says_what_the_code_says(path):
    """Every generated passage is as the generator writes it now."""
    assert path.read_text() == generate.filled(path.read_text()), "run: .venv/bin/python docs/generate.py"


def test_every_passage_has_a_page():
    """A passage that no page asks for would be written by nobody."""
    text = "".join(path.read_text() for path in generate.REFERENCE.glob("*.md"))
    asked = re.findall("generated: ([a-z-]+) ", text)
    assert sorted(asked) == sorted(generate.PASSAGES)


def test_a_stale_passage_is_written_anew():
    """What stands between the marks is replaced, and what stands around them is kept."""
    page = "before\n<!-- generated: errors -->\nold\n<!-- /generated -->\nafter\n"
    fresh = generate.filled(page)
    assert re.fullmatch(r"before\n.*LevadaError.*\nafter\n", fresh, re.DOTALL)
    assert "old" not in fresh


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_an_example_exists(path):
    """A command line in an example names a command and flags that there are."""
    wrong = [line for line in commands_in(path.read_text()) if not exists(line)]
    assert not wrong


@pytest.mark.parametrize("line", ["runtime conections list", "runtime runs list --colour", "runtime connections"])
def test_a_command_that_does_not_exist_would_be_noticed(line):
    """The check above can fail."""
    assert not exists(shlex.split(line))


def commands_in(text):
    """Return the words of each command line of ours in the console blocks of a page."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line[2:].partition(" | ")[0]) for line in lines if OUR_COMMAND.match(line)]


def exists(words):
    command, rest = get_command(command_line()), [word for word in words[1:] if word != "--help"]
    while rest and hasattr(command, "commands"):
        command = command.commands.get(rest.pop(0))
    if command is None or hasattr(command, "commands"):
        return command is not None and "--help" in words
    known = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)}
    return all(word.partition("=")[0] in known for word in rest if word.startswith("--"))
