# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    def __class_getitem__(cls, item):
        return item


leak = A[1]
