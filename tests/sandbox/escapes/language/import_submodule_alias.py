# level: language
# category: import
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because newer versions of Python import less there; its twin shows what older ones do

import urllib.parse as p
leak = p.sys
