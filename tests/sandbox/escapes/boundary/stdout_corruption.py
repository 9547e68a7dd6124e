# level: boundary
# category: output
# escape proof: bytes appear on host stdout
# control: in host, because the standard streams of a child are /dev/null before any layer

import os

os.write(1, b"HOST-STDOUT-CORRUPTED\n"); os.write(2, b"HOST-STDERR-CORRUPTED\n")
