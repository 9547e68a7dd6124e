"""Category: import. Escape proof: `leak` is bound to something that is not None."""

from ...os import system
leak = system
