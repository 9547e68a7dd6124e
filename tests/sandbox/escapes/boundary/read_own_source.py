# level: boundary
# category: file-read
# escape proof: the child reports the source of the runtime

import levada

REPORT(open(levada.__file__).read(40))
