# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import csv

from levada import Run

setter = getattr(csv.DictReader.fieldnames, "f" + "set")
setter(Run, 5)
leak = Run._fieldnames
