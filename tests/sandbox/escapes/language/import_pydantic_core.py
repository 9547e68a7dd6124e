# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic_core import from_json
leak = from_json
