# level: boundary
# category: env
# escape proof: child reports a host environment secret
# control: in host, because the zygote starts with an empty environment whatever the layers

import os

if "HOST_SECRET" in os.environ:
    REPORT(os.environ["HOST_SECRET"])
