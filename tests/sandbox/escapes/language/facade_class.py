"""Category: facade. Escape proof: `leak` is bound to something that is not None."""

import json
leak = type(json)("x", {})
