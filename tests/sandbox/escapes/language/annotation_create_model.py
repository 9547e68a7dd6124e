# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import create_model
leak = create_model("A", x=("().__class__", None))
