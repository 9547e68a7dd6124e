# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from urllib.parse import ParseResult

leak = tuple.__new__(ParseResult, "not six")
