# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Run, hookimpl

hookimpl(Run)
leak = Run.levada_impl
