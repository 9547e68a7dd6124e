# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = f"{secrets}" if "s3cr3t" in f"{secrets!r}{secrets}" else None
