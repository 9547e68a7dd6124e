# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class M(type):
    @classmethod
    def __prepare__(mcs, name, bases):
        return {}


leak = M
