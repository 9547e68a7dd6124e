# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import json

try:
    json.nothing
except AttributeError as e:
    leak = e.obj
