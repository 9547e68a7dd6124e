# level: boundary
# category: cpu
# escape proof: child runs past CPU/wall limit
# cpu: 0.3

import re

re.match(r"(a|a?)+$", "a" * 64 + "!")
