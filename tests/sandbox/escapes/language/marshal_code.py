"""Category: pickle. Escape proof: `leak` is bound to something that is not None."""

import marshal
leak = marshal
