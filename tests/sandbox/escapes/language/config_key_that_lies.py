# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's Record refuses it wherever it is

from levada import Record


class Key(str):
    def __hash__(self):
        return hash("title")

    def __eq__(self, other):
        return True


class A(Record):
    model_config = {Key("arbitrary_types_allowed"): True}
    x: int = 0


leak = A
