# level: boundary
# category: privilege
# escape proof: the child goes before every other process
# root only: only root may

import os

os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
REPORT("real time")
