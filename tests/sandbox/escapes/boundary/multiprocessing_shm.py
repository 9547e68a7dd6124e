# level: boundary
# category: ipc
# escape proof: named shared memory is created

from multiprocessing import shared_memory

made = shared_memory.SharedMemory(create=True, size=4096)
REPORT(made.name)
made.unlink()
