# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import sys

try:
    1 / 0
except Exception:
    leak = sys.exc_info()[2].tb_frame
