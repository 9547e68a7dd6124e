# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import csv

from levada import Run

csv.DictReader.fieldnames.fset(Run, 5)
leak = 1
