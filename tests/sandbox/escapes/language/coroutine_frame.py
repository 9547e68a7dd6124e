"""Category: frames. Escape proof: `leak` is bound to something that is not None."""

async def f(): pass
leak = f().cr_frame
