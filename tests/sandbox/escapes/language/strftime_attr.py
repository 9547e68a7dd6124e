# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import datetime
leak = "{0.__reduce__}".format(datetime.date(2026, 1, 1))
