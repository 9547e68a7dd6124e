"""Category: import. Escape proof: `leak` is bound to something that is not None."""

from functools import reduce
leak = reduce(getattr, ["__class__", "__base__"], ())
