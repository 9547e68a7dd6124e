# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because Python refuses the format that comes out of it

x = 5
leak = f"{x:{().__class__.__name__}}"
