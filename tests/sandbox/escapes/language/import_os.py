"""Category: import. Escape proof: `leak` is bound to something that is not None."""

import os
leak = os
