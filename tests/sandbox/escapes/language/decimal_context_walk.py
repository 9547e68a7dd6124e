# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because Python's fast decimal has no such name

import decimal
leak = decimal.numbers
