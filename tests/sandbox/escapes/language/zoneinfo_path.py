# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because Python itself refuses a key that leads out of its folders

from zoneinfo import ZoneInfo
leak = ZoneInfo("../../../etc/passwd")
