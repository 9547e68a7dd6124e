# level: boundary
# category: proc
# escape proof: the child reports the host environment

REPORT(open(f"/proc/{CTX['hostpid']}/environ", "rb").read()[:50])
