# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Annotated

from pydantic import AfterValidator

from levada import Connector, Record

kept = Connector("x", title="kept private")


class A:
    """A(a, b, c, x=kept._title)
--

"""


try:

    class R(Record):
        x: Annotated[int, AfterValidator(A)]

except Exception as error:
    leak = str(error) if "kept private" in str(error) else None
