# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import math
for math.pi in [3]:
    leak = math.pi
