# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import levada_runtime.sandbox.language.guards
leak = levada_runtime.sandbox.language.guards
