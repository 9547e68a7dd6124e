# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    try:
        1 / 0
    except ZeroDivisionError:
        [][0]
except IndexError as e:
    leak = e.__context__
