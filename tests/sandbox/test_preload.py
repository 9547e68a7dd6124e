"""What a child finds loaded, since it can open nothing itself."""

import sys

from levada_runtime.sandbox import natives


def test_every_extension_module_of_the_standard_library_is_loaded(wall, told):
    """A library, or an attack, that imports one finds it; those that touch a terminal or a display are left out."""
    expected = set(natives.names())
    assert {"_socket", "_ssl", "_posixsubprocess", "_ctypes", "_sqlite3"} <= expected <= wall.sandbox.loaded_modules
    assert not {"readline", "_curses", "_tkinter", "_testcapi"} & wall.sandbox.loaded_modules
    code = "import _posixsubprocess, _sqlite3, mmap\ndef attack(ctx, report):\n    report(mmap.__name__)"
    assert wall.unrestricted(code, handlers=told).succeeded
    assert told.messages == ["mmap"]


def test_what_is_said_to_be_loaded_is_loaded(wall, told):
    """The names are the zygote's own, not this process's."""
    assert "pytest" in sys.modules
    assert "pytest" not in wall.sandbox.loaded_modules
    code = "import sys\ndef attack(ctx, report):\n    report(str(len(sys.modules)))"
    assert wall.unrestricted(code, handlers=told).succeeded
    assert int(told.messages[0]) >= len(wall.sandbox.loaded_modules)
