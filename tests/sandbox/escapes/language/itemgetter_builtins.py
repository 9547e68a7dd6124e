# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from operator import itemgetter
leak = itemgetter("open")(__builtins__ if isinstance(__builtins__, dict) else __builtins__.__dict__)
