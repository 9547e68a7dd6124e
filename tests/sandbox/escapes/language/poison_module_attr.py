# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import json
json.dumps = lambda *a, **k: "evil"
leak = json.dumps({})
