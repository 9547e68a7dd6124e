# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import make_dataclass

leak = make_dataclass("A", [("x", "__import__('os')")])
