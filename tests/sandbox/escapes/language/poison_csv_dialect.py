# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import csv

csv.excel.delimiter = "!"
leak = 1
