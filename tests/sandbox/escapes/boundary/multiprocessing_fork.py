# level: boundary
# category: fork
# escape proof: process is created

import multiprocessing
import os

process = multiprocessing.get_context("fork").Process(target=os._exit, args=(0,))
process.start()
REPORT(process.pid)
