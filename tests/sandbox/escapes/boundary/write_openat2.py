# level: boundary
# category: file-write
# escape proof: the file at $ESCAPE_PROOF exists after the run

import ctypes
import struct

how = ctypes.create_string_buffer(struct.pack("QQQ", 0o102, 0o600, 0), 24)
ctypes.CDLL(None).syscall(437, -100, CTX["proof"].encode(), how, 24)
