# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import ConfigDict

from levada import HostRule


class Foreign:
    pass


class A(HostRule):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    x: Foreign


leak = A(x=Foreign()).x
