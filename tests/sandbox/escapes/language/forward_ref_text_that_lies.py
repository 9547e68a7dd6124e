# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Annotated, Optional

from levada import Record


class Text(str):
    def strip(self, *_):
        return "int"


T = Optional[Text("Annotated[int, ().__class__.__base__]")]


class A(Record):
    x: T = None


leak = A.model_fields["x"].annotation
