# level: boundary
# category: output
# escape proof: the host grows or hangs
# control: none, because the cap on logs is no layer that can be taken away

import gc

tell = next(each for each in gc.get_referents(REPORT.__closure__[0]) if callable(each))
for number in range(60_000):
    tell("x" * 7_000)
