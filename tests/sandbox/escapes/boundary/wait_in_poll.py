# level: boundary
# category: cpu
# escape proof: child outlives its wall limit
# wall: 0.5

import select

select.select([], [], [], 600)
