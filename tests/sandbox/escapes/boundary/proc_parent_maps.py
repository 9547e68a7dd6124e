# level: boundary
# category: proc
# escape proof: the child reports the memory map of the host

REPORT(open(f"/proc/{CTX['hostpid']}/maps").readline())
