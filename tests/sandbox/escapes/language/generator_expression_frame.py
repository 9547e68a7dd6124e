# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = (n for n in [1]).gi_frame
