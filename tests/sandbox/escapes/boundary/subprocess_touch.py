# level: boundary
# category: exec
# escape proof: the file at $ESCAPE_PROOF exists after the run

import subprocess

subprocess.run(["/bin/sh", "-c", f"touch {CTX['proof']}"])
