# level: boundary
# category: cpu
# escape proof: child raises its limit and runs past it

import resource
import time

resource.setrlimit(resource.RLIMIT_CPU, (9, 9))
REPORT("raised")
