# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the stand-in names the key alone

try:
    secrets["nothing"]
except Exception as e:
    leak = str(e) if "s3cr3t" in f"{e} {e!r}" else None
