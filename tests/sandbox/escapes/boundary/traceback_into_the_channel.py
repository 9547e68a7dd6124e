# level: boundary
# category: output
# escape proof: the interpreter's own story is taken for frames
# control: none, because the host's decoder is no layer that can be taken away

import ctypes
import faulthandler

faulthandler.dump_traceback(file=CTX["chan"])
faulthandler.enable(file=CTX["chan"])

ctypes.string_at(8)
