# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because a stand-in has no such slot

class Own(type(secrets)):
    def steal(self, other):
        return other._exposed


leak = Own({}).steal(secrets)
