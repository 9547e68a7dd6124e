# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from io import open_code
leak = open_code("/etc/passwd").read(4)
