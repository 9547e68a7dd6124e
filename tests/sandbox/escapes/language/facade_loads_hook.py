# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import json
leak = json.loads.__globals__["codecs"]
