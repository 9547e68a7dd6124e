# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Optional, Type, get_args, get_origin

leak = get_origin(get_args(Optional[Type[int]])[0])("X", (), {"a": 1})
