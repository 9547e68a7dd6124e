# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the file it reads is no JSON

from pydantic import BaseModel
class A(BaseModel):
    x: int = 0
leak = A.parse_file("/etc/passwd")
