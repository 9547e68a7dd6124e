# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class Text(str):
    def __str__(self):
        return Text("harmless")


class Own:
    def __str__(self):
        return Text("{0.__class__.__mro__}")


leak = str(Own()).format(())
