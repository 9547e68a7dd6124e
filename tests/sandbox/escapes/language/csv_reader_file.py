# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import csv, io
leak = io.open("/etc/passwd")
