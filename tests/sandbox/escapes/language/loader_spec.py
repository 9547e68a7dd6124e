# level: language
# category: builtins
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because code that is exec'd has none of them

leak = __spec__ or __loader__ or __file__
