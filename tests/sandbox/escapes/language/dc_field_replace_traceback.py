# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass, field, replace, MISSING


class Named(type(field())):
    pass


given = Named(1, MISSING, True, True, None, True, {}, False)


@dataclass(init=False)
class Wrong(Exception):
    x: int = given

    def __init__(self, **kept):
        global leak
        for value in kept.values():
            leak = value


given.name = "__traceback__"
leak = None
try:
    raise Wrong()
except Wrong as error:
    replace(error)
