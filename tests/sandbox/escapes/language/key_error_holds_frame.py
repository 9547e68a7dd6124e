# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    {}["x"]
except KeyError as e:
    leak = "{0.__traceback__.tb_frame}".format(e)
