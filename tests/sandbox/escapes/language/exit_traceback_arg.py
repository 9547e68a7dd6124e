"""Category: frames. Escape proof: `leak` is bound to something that is not None."""

class C:
    def __enter__(self): return self
    def __exit__(self, t, v, tb):
        global leak
        leak = tb.tb_frame.f_globals
        return True
with C():
    1/0
