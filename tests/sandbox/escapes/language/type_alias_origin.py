# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import get_origin

leak = get_origin(type[int])("X", (), {"a": 1})
