# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's contracts refuse it wherever they are

from typing import ClassVar

from levada import CustomerPayload


class Own(CustomerPayload):
    identity_field: ClassVar[str] = "__pydantic_validator__"


own = Own(customer_id="1", name="x")
own.complete()
leak = own.source_id
