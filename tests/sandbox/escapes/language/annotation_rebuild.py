# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import BaseModel


class A(BaseModel):
    x: "B" = None


leak = A.model_rebuild(_types_namespace={"B": int})
