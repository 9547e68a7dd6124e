# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because plain modules cannot be copied, either

import json
leak = json.__reduce_ex__(2)
