# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import math


class A:
    for math.pi in (3,):
        pass


leak = math.pi
