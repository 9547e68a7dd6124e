# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Connector

c = Connector("x")
leak = c._routes
