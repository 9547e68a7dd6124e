# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

async def f():
    return 1


c = f()
leak = getattr(c, "cr_" + "frame")
c.close()
