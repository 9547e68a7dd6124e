"""Unrestricted Python inside the wall: what the kernel's layers must hold without any help from the policy."""

from pathlib import Path

import pytest
from tests.sandbox.harness import controls
from tests.sandbox.harness.attack import attacks_in
from tests.sandbox.harness.plain import Plain
from tests.sandbox.harness.trial import try_at
from tests.sandbox.harness.walls import LEVELS, Unreachable

CRIMES, WRONG = attacks_in(Path(__file__).parent / "escapes" / "boundary")


@pytest.fixture(scope="session")
def plain():
    """Plain Python, for what no layer could be taken away from."""
    with Plain() as started:
        yield started


def test_every_file_of_the_corpus_is_an_attack():
    """Each says what it is, and none twice."""
    assert WRONG == []
    assert len({crime.source.partition("\n\n")[2] for crime in CRIMES}) == len(CRIMES) > 150


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("crime", CRIMES, ids=lambda crime: crime.name)
def test_the_wall_holds(crime, level, walls):
    """At each level that claims to be a boundary no attack leaves a trace; each layer refuses by itself."""
    try:
        verdict = try_at(crime, level, walls, quick=level != LEVELS[0])
    except Unreachable as error:
        pytest.skip(f"no {level} here: {error}")
    assert verdict.holds, verdict
    assert verdict.level == level


@pytest.mark.parametrize("crime", CRIMES, ids=lambda crime: crime.name)
def test_the_attack_succeeds_with_the_layers_off(crime, walls, plain):
    """The positive control: an attack that fails without a wall would prove nothing about the wall."""
    checked = controls.check(crime, walls, plain)
    if checked.went == controls.EXCEPTED:
        pytest.skip(f"no control: {checked.words}")
    assert checked.went == controls.SUCCEEDED, checked
