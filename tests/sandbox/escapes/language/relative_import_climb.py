# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because a relative import needs a package to climb out of

from ...os import system
leak = system
