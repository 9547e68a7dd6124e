# level: boundary
# category: privilege
# escape proof: the clock is set
# control: none, because a control that sets the clock would disturb the machine

import time

time.clock_settime(time.CLOCK_REALTIME, time.time())
REPORT("set")
