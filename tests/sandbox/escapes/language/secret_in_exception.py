# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    raise ValueError(secrets)
except ValueError as e:
    leak = str(e) if "s3cr3t" in f"{e} {e!r} {e.args}" else None
