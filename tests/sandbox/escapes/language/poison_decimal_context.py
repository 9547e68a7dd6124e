# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import decimal

decimal.DefaultContext.prec = 2
leak = 1
