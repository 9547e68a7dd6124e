# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import json


class F(type(json)):
    pass


leak = F("x")
