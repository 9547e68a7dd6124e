# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    1/0
except Exception as e:
    leak = getattr(e, "__trace" + "back__")
