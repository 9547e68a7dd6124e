"""Category: exception-leak. Escape proof: `leak` is bound to something that is not None."""

try:
    1/0
except Exception as e:
    leak = getattr(e, "__trace" + "back__")
