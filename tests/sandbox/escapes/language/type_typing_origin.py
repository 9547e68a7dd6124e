# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Type, get_origin

leak = get_origin(Type[int])("X", (), {"a": 1})
