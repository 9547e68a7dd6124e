"""Category: file-read. Escape proof: `leak` is bound to something that is not None."""

import csv, io
leak = io.open("/etc/passwd")
