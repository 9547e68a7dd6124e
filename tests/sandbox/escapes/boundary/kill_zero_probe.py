# level: boundary
# category: signal
# escape proof: pid existence oracle

import os

os.kill(CTX["hostpid"], 0); REPORT("probe ok")
