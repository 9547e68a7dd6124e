# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import io
leak = io.FileIO("/etc/passwd").read(4)
