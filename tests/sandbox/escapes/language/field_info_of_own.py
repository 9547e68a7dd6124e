# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import Field

from levada import Record


class Own(type(Field())):
    pass


leak = Own
