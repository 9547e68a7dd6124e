# level: language
# category: builtins
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because it waits for somebody who types

@exec
@input
class X:
    pass


leak = X
