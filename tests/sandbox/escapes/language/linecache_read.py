# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import linecache
leak = linecache.getline("/etc/passwd", 1) or None
