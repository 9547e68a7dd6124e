# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pathlib import Path
leak = Path("/etc/passwd").read_text()
