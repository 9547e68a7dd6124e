# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import TypeAdapter
self = TypeAdapter(int)
leak = self._fetch_parent_frame()
