# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Connector


class Own(Connector):
    def go(self):
        return super()._title


leak = Own("x").go()
