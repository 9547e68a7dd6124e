# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import TypeAdapter
leak = TypeAdapter(int)._init_core_attrs
