# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from zoneinfo import ZoneInfo
leak = ZoneInfo.from_file
