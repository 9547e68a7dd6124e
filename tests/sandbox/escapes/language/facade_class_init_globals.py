# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from csv import DictReader
leak = DictReader.__init__.__globals__
