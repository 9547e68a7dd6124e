"""Category: format-string. Escape proof: `leak` is bound to something that is not None."""

from string import Template
class T(Template):
    idpattern = "(?s:.*)"
leak = T("$x").template.__class__
