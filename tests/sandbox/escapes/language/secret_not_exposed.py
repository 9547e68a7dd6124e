# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because a secret that is not exposed is never sent

leak = secrets["kept"]
