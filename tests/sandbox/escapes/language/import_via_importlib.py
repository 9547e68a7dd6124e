"""Category: import. Escape proof: `leak` is bound to something that is not None."""

import importlib
leak = importlib.import_module("os")
