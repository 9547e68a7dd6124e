# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = secrets.__dict__
