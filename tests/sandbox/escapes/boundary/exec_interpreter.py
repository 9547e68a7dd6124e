# level: boundary
# category: exec
# escape proof: the file at $ESCAPE_PROOF exists after the run

import os
import sys

os.execve(sys.executable or "/usr/bin/python3", ["python", "-c", f"open({CTX['proof']!r}, 'w')"], {})
