# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import fields

from levada import Run

found = []


class Own:
    def __ror__(self, other):
        found.append(other)
        return True


fields(Run)[0].metadata | Own()
found[0]["poisoned"] = 5
leak = fields(Run)[1].metadata.get("poisoned")
