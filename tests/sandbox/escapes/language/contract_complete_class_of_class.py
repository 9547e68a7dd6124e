# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's contracts refuse it wherever they are

from levada import CustomerPayload


class Own:
    source_id = None
    identity_field = "__class__"


CustomerPayload.complete(Own)
leak = Own.source_id
