"""Category: import. Escape proof: `leak` is bound to something that is not None."""

import urllib.parse as p
leak = p.re
