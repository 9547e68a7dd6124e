# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Type


class Meta(Type[int]):
    pass


leak = Meta("X", (), {"__getattr__": lambda self, name: name})
