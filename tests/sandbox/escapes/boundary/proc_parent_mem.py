# level: boundary
# category: proc
# escape proof: the child opens host memory

REPORT(str(open(f"/proc/{CTX['hostpid']}/mem", "rb")))
