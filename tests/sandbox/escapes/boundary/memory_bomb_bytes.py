# level: boundary
# category: memory
# escape proof: child grows beyond its cap / host notices no kill

x = []
for i in range(64): x.append(bytearray(64 << 20))
REPORT("allocated 4 GiB")
