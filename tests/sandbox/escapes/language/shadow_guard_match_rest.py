"""Category: guard-shadowing. Escape proof: `leak` is bound to something that is not None."""

match {"a": 1}:
    case {**_write_}:
        leak = 1
