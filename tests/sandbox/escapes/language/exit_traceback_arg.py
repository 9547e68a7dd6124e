# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class C:
    def __enter__(self): return self
    def __exit__(self, t, v, tb):
        global leak
        leak = tb.tb_frame.f_globals
        return True
with C():
    1/0
