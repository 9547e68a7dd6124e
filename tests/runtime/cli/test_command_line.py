"""The command line is loaded by the module, and looks as if it were loaded as a whole."""

import subprocess
import sys

import pytest
from typer.main import get_command

from levada_runtime.cli import GROUPS, command_line, run


@pytest.mark.parametrize("module", GROUPS)
def test_a_module_brings_the_commands_it_is_said_to_bring(module):
    """A word that is said of the wrong module would not be found by whoever types it."""
    for word in GROUPS[module]:
        assert tuple(get_command(command_line([word])).commands) == GROUPS[module]


def test_all_are_there_where_no_word_says_which():
    """Help shows all of them, and a word that is mistyped is held against all of them."""
    there = sorted(word for words in GROUPS.values() for word in words)
    assert sorted(get_command(command_line()).commands) == there
    assert sorted(get_command(command_line(["--help"])).commands) == there
    assert sorted(get_command(command_line(["unknown"])).commands) == there


def test_a_module_with_one_command_is_still_asked_by_its_word(capsys):
    """A command line of one command would otherwise take the word for the command's first argument."""
    assert run(["doctor", "--help"]) == 0
    assert "runtime doctor" in capsys.readouterr().out


def test_one_module_is_loaded_for_one_command():
    """What a command does not need does not keep it from beginning."""
    program = "import sys; from levada_runtime.cli import run; run(['version']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    modules = {name.removeprefix("levada_runtime.cli.") for name in loaded if name.startswith("levada_runtime.cli.")}
    assert modules & set(GROUPS) == {"daemon"}
