"""Category: threads. Escape proof: 10 threads start."""

import time


def attack(ctx, report):
    import _thread
    for i in range(10): _thread.start_new_thread(time.sleep, (1,))
    report("threads")
