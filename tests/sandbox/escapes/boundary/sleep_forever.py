# level: boundary
# category: cpu
# escape proof: child outlives wall limit
# wall: 0.5

import time

time.sleep(10**6)
