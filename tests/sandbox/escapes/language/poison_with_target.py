# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import nullcontext
import math
with nullcontext(3) as math.pi:
    leak = math.pi
