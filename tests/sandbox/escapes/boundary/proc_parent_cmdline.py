# level: boundary
# category: proc
# escape proof: the child reports the host command line

REPORT(open(f"/proc/{CTX['hostpid']}/cmdline").read())
