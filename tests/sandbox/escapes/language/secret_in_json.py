# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import json

text = json.dumps(secrets, default=str)
leak = text if "s3cr3t" in text else None
