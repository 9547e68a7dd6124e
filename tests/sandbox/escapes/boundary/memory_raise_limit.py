# level: boundary
# category: memory
# escape proof: the limit on memory is raised and used

import resource

resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
kept = bytearray(1 << 30)
REPORT("held more than the limit")
