# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Record
Record.model_dump = lambda self: {}
leak = 1
