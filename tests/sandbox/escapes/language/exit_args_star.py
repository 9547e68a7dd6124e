# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = None


class C:
    def __enter__(self):
        return self

    def __exit__(self, *a):
        global leak
        leak = a[2].tb_frame
        return True


with C():
    1 / 0
