"""Category: poisoning. Escape proof: `leak` is bound to something that is not None."""

import json
json.dumps = lambda *a, **k: "evil"
leak = json.dumps({})
