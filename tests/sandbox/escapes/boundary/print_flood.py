# level: boundary
# category: output
# escape proof: the host grows or hangs
# control: none, because standard output of a child is /dev/null before any layer

line = "x" * 8000
for _ in range(20_000):
    print(line)
