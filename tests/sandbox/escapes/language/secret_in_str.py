# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = str(secrets) if "s3cr3t" in str(secrets) else None
