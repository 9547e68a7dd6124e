# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's contracts refuse it wherever they are

from levada import CustomerPayload


def f():
    pass


f.source_id = None
f.identity_field = "__globals__"
CustomerPayload.complete(f)
leak = f.source_id
