# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import io

leak = io.StringIO("{0.__class__}").getvalue().format(())
