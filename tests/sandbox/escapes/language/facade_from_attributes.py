# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import BaseModel as Record


class P:
    def f(self):
        pass


class A(Record, from_attributes=True):
    f: object


leak = A.model_validate(P()).f
