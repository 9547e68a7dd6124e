# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from string import Template
class T(Template):
    idpattern = "(?s:.*)"
leak = T("$x").template.__class__
