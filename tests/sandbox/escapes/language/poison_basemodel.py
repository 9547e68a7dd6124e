"""Category: poisoning. Escape proof: `leak` is bound to something that is not None."""

from levada import Record
Record.model_dump = lambda self: {}
leak = 1
