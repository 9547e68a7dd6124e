# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import fileinput
leak = fileinput.input("/etc/passwd").readline()
