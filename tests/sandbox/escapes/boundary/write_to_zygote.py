# level: boundary
# category: protocol
# escape proof: the zygote is asked for another child
# control: none, because every descriptor but the channel is closed before any layer

import os

for fd in range(64):
    if fd != CTX["chan"]:
        try:
            os.write(fd, b"f")
        except OSError:
            continue
        if fd > 2:
            REPORT(fd)
