# level: boundary
# category: memory
# escape proof: child grows beyond cap

kept = []
text = "x" * (1 << 20)
while len(kept) < 700:
    kept.append(text + str(len(kept)))
REPORT("held 700 MiB of text")
