# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import math

(*math.tau,) = (1, 2)
leak = math.tau
