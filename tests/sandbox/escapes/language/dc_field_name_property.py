# level: language
# category: exec
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass, field, MISSING

found = []


class Named(type(field())):
    @property
    def name(self):
        return "x, found.append(().__class__.__base__.__subclasses__())"

    @name.setter
    def name(self, value):
        pass


@dataclass(init=False)
class First:
    x: int = Named(1, MISSING, True, False, None, True, {}, False)


First() == First()
leak = found[0]
