# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from string import Template

Template.delimiter = "!"
leak = 1
