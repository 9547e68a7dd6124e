# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Optional, get_args

from levada import Record

Reference = type(get_args(Optional["int"])[0])
T = Reference("Annotated[int, sys]", module="typing")


class A(Record):
    x: T


leak = A.model_fields["x"].metadata[0]
