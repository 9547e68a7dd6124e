# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import FilePath, TypeAdapter
leak = TypeAdapter(FilePath).validate_python("/etc/passwd").read_text()
