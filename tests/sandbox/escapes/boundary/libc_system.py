# level: boundary
# category: ctypes
# escape proof: the file at $ESCAPE_PROOF exists after the run

import ctypes

ctypes.CDLL(None).system(f"touch {CTX['proof']}".encode())
