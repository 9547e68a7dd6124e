# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass

from levada import Connector

kept = Connector("x", title="kept private")


class A:
    """A(x=kept._title)
--

"""


@dataclass(init=False)
class B(A):
    pass


leak = B.__doc__ if "kept private" in B.__doc__ else None
