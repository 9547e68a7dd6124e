# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because no object of Python has such a name

class __:
    def steal(self, other):
        return other.__doc or other.__dict


leak = __().steal(print)
