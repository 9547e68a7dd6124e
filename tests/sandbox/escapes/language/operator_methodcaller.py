"""Category: import. Escape proof: `leak` is bound to something that is not None."""

from operator import methodcaller
leak = methodcaller("__subclasses__")(object)
