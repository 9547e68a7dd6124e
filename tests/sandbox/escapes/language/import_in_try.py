# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    import os as tool
except Exception:
    import posix as tool
leak = tool
