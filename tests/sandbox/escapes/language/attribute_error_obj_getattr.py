# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    ().nothing
except AttributeError as e:
    leak = getattr(e, "ob" + "j").__class__
