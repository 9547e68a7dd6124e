# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import xml.etree.ElementTree as E
leak = E.ElementTree(E.Element("a")).write
