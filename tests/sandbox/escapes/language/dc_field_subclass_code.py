# level: language
# category: exec
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass, field, MISSING

found = []


class Named(type(field())):
    pass


given = Named(1, MISSING, True, False, None, True, {}, False)


@dataclass(init=False)
class First:
    x: int = given


given.name = "x, found.append(().__class__.__base__.__subclasses__())"


@dataclass(init=False)
class Second(First):
    pass


Second() == Second()
leak = found[0]
