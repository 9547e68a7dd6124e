# level: boundary
# category: proc
# escape proof: the child reads what its process was started with

REPORT(open("/proc/self/status").read(60))
