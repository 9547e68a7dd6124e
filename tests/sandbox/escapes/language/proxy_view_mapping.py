# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import re

found = []


class Own:
    def __eq__(self, other):
        found.append(other)
        return True


re.compile("(?P<a>x)").groupindex.keys().mapping == Own()
found[0]["b"] = 5
leak = re.compile("(?P<a>x)").groupindex.get("b")
