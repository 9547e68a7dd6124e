"""How often Python looks for objects that only each other still know, which is at the cost of all that are loaded."""

import gc

_AFTER = 100_000
"""New objects that still live before the next look. Python's 700 come together twenty times in a page of a thousand
records, all of which are let go by their counts; looking for them took a fifth of a run's time."""
_SELDOM = 20
_WHILE_LOADING = 1_000_000
_AS_EVER = gc.get_threshold()


def leave_out_what_is_there() -> None:
    """Never look at what is loaded by now again, at the end of the process least of all: there it takes 0.2 s."""
    gc.freeze()


def put_off() -> None:
    """Look at nothing while a process loads what it needs: all of that stays, and looking takes a tenth of a second."""
    gc.set_threshold(_WHILE_LOADING)


def look_as_ever() -> None:
    """Look as often as Python does by itself."""
    gc.set_threshold(*_AS_EVER)


def look_seldom() -> None:
    """Suit the collector to a process that carries out runs, once it has loaded what it needs."""
    leave_out_what_is_there()
    gc.set_threshold(_AFTER, _SELDOM, _SELDOM)
