# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because plain modules have no such name

import json


class Facade:
    def steal(self, other):
        match other:
            case object(__names=found):
                return found


leak = Facade().steal(json)
