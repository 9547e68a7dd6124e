# level: boundary
# category: file-read
# escape proof: the child reports file content

REPORT(open("/etc/passwd").read()[:20])
