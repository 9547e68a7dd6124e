# level: boundary
# category: cpu
# escape proof: child runs past CPU/wall limit
# cpu: 0.3

while True: pass
