# level: boundary
# category: file-read
# escape proof: the child reports file content

import linecache

if text := linecache.getline("/etc/passwd", 1):
    REPORT(text)
