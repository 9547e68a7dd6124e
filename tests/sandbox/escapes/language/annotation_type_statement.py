# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import TypeVar

T = TypeVar("T", bound="().__cl" + "ass__")
leak = T
