# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import json


class Facade:
    def poison(self, other):
        other.__names = {"dumps": 1}


Facade().poison(json)
leak = 1
