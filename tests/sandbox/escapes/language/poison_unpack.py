# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import math

[math.pi, math.e] = [3, 2]
leak = math.pi
