# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import datetime
leak = datetime.datetime_CAPI
