"""Category: poisoning. Escape proof: `leak` is bound to something that is not None."""

from contextlib import nullcontext
import math
with nullcontext(3) as math.pi:
    leak = math.pi
