# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def seen(*values):
    global leak
    leak = values[-1].tb_next or values[-1].tb_frame
    return True


class C:
    def __enter__(self):
        return self

    __exit__ = seen


with C():
    1 / 0
