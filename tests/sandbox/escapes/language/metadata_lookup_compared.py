# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import Field

found = []


class Own:
    def __eq__(self, other):
        found.append(other)
        return True


Field().metadata_lookup == Own()
found[0]["poisoned"] = 5
leak = Field().metadata_lookup.get("poisoned")
