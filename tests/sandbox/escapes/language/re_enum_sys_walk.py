"""Category: import. Escape proof: `leak` is bound to something that is not None."""

import re
leak = re.enum.sys.modules["os"]
