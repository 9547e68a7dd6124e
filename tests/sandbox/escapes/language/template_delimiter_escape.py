# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from string import Template

found = []


class Text(str):
    def translate(self, table):
        found.append(table)
        return str(self)


class Own(Template):
    delimiter = Text("@")


found[0][97] = "poisoned"
leak = found[0]
