# level: language
# category: pickle
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic.deprecated.parse import load_str_bytes
leak = load_str_bytes(b"cposix\ngetpid\n(tR.", proto="pickle", allow_pickle=True)
