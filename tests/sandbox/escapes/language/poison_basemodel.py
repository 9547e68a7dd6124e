# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import BaseModel
BaseModel.model_dump = lambda self: {}
leak = 1
