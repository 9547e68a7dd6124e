# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

try:
    raise ValueError
except ValueError as e:
    leak = e.with_traceback(None).__traceback__ or e.with_traceback
