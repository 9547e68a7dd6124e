# level: boundary
# category: threads
# escape proof: a thread starts

from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(2) as pool:
    REPORT(list(pool.map(str, [1, 2])))
