# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import textwrap

found = []


class Text(str):
    def expandtabs(self, *_):
        return self

    def translate(self, table):
        found.append(table)
        return str(self)


textwrap.wrap(Text("a b"))
found[0][1] = 2
leak = found[0]
