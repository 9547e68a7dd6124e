# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's Record refuses it wherever it is

from pydantic import ConfigDict

from levada import Record


class Yes:
    def __ne__(self, other):
        return False

    def __eq__(self, other):
        return True


class Foreign:
    pass


class A(Record):
    model_config = ConfigDict(arbitrary_types_allowed=Yes())
    x: Foreign


leak = A(x=Foreign()).x
