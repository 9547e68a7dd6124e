# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import validate_call


def f(x: int):
    pass


leak = validate_call(f).__wrapped__
