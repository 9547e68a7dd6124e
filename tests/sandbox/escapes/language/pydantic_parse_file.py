"""Category: annotation-eval. Escape proof: `leak` is bound to something that is not None."""

from levada import Record
class A(Record):
    x: int = 0
leak = A.parse_file("/etc/passwd")
