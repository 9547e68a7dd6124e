"""Category: guard-shadowing. Escape proof: `leak` is bound to something that is not None."""

for _getattr_ in [1]:
    leak = 1
