"""Category: facade. Escape proof: `leak` is bound to something that is not None."""

from levada import Record
class A(Record):
    x: int = 0
    def go(self):
        return self._calculate_keys
leak = A().go()
