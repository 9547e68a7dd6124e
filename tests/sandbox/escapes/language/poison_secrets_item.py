# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the stand-in refuses it like the real one

secrets["token"] = "x"
leak = 1
