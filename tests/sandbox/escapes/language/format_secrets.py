# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because a stand-in has no such slot

leak = "{0._exposed}".format(secrets) if "s3cr3t" in "{0._exposed}".format(secrets) else None
