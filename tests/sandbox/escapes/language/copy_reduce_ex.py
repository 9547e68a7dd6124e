# level: language
# category: pickle
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import copy
class A:
    def __reduce_ex__(self, p): return (ingest.emit, ())
leak = copy.copy(A())
