# level: boundary
# category: privilege
# escape proof: the machine is told to stop
# control: none, because a control would tell the machine how to stop

import ctypes

if ctypes.CDLL(None).syscall(169, 0xFEE1DEAD, 672274793, 0x89ABCDEF, 0) == 0:
    REPORT("control-alt-delete is off")
