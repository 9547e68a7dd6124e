# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import ImportString, TypeAdapter
leak = TypeAdapter(ImportString).validate_python("os.system")
