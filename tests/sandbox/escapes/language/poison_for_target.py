"""Category: poisoning. Escape proof: `leak` is bound to something that is not None."""

import math
for math.pi in [3]:
    leak = math.pi
