"""Category: facade. Escape proof: `leak` is bound to something that is not None."""

import json
leak = type(json)._d.__get__(json)
