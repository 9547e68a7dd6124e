# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Annotated

from levada import Record


class Text(str):
    def strip(self, *_):
        return "int"


found = []


class A(Record):
    x: list[Text("Annotated[int, found.append(().__class__.__base__.__subclasses__())]")]


leak = found[0]
