"""Loading every C extension module of the standard library that can be loaded without side effects.

A child can open nothing, so a module it needs must be there before it is forked. A declared library brings its own
pure-Python modules over the channel, but no machine code: what those import in C has to lie ready in the zygote.
"""

import importlib
import importlib.machinery
import re
import sys
import sysconfig
import warnings
from pathlib import Path
from typing import Final

SKIPPED: Final = re.compile(
    r"_?curses|_curses_panel|_tkinter|readline|_?dbm|_?gdbm|.*test.*|_?xx.*|_scproxy|this|antigravity"
    r"|_crypt|nis|spwd|ossaudiodev"
)
"""Those that touch the terminal or a display, CPython's own test modules, and those that would bring a system library
which nothing behind the wall has a use for: passwords and directories of users, sound."""


def names() -> list[str]:
    """Return the names of the extension modules of this interpreter's standard library, built in or not."""
    folder = Path(str(sysconfig.get_config_var("DESTSHARED")))
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    shared = {path.name.partition(".")[0] for path in folder.glob("*") if path.name.endswith(suffixes)}
    return sorted(name for name in shared | set(sys.builtin_module_names) if not SKIPPED.fullmatch(name))


def load() -> None:
    """Import each of them; one that this machine cannot load (for want of a shared library) is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in names():
            try:
                importlib.import_module(name)
            except ImportError:
                continue
