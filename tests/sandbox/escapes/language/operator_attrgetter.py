"""Category: import. Escape proof: `leak` is bound to something that is not None."""

import operator
leak = operator.attrgetter("__class__")(())
