# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from functools import reduce
leak = reduce(getattr, ["__class__", "__base__"], ())
