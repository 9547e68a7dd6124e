# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import enum

from levada import Record

made = []


def schema(cls, _source, handler):
    made.append(cls)
    return {"type": "any"}


class Names:
    fget = "Made"
    fdel = {"__module__": __name__, "__qualname__": "Made", "__get_pydantic_core_schema__": classmethod(schema)}


class Own(Names, Record):
    pass


try:
    enum.property.setter(Own, (Record,))
except TypeError:
    pass
leak = made[0]
