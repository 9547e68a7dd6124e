# level: boundary
# category: file-read
# escape proof: the child reports the canary file content

REPORT(open(CTX["canary_file"]).read())
