# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    1 / 0
except Exception as e:
    leak = e.__traceback__.tb_frame
