# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import get_type_hints


def f(x: "().__class__"):
    pass


leak = get_type_hints(f)
